"""Plans in a folder: `<stack>.plan.json` is the engine's, `<stack>.preview.json` is for people and what they read with.

Secrets are encrypted in the first and left out of the second; what is no secret to the program is in clear in both.
"""

import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from ops.errors import OperationError

REPLACING = {"replace", "create-replacement", "delete-replaced"}


def plan(folder: Path, stack: str) -> Path:
    return folder / f"{stack}.plan.json"


def digest(folder: Path, stack: str) -> Path:
    return folder / f"{stack}.preview.json"


def require(folder: Path, stacks: Collection[str]) -> None:
    """OperationError unless each stack has a plan, and it is one."""
    if missing := [str(plan(folder, stack)) for stack in stacks if not plan(folder, stack).is_file()]:
        raise OperationError(
            f"there is no {', '.join(missing)}: every stack needs its plan. Save it with --save-plans {folder}, or "
            "name the stacks that have one with --stack"
        )
    for stack in stacks:
        changes(folder, stack)


def changes(folder: Path, stack: str) -> dict[str, int]:
    """What the plan does: operation (create, update, replace, delete, same) -> count of resources."""
    file = plan(folder, stack)
    try:
        resources = json.loads(file.read_text())["resourcePlans"]
    except (ValueError, KeyError, TypeError):
        raise OperationError(f"{file} is no plan of `pulumi preview --save-plan`") from None
    counts: Counter[str] = Counter()
    for urn, resource in resources.items():
        steps = resource.get("steps") or ["same"]
        # The engine's own providers are counted nowhere else.
        if "::pulumi:providers:" not in urn or "::default" not in urn:
            counts["replace" if REPLACING.intersection(steps) else steps[0]] += 1
    return dict(counts)
