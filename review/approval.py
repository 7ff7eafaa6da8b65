"""Whether a pull request touches what data is in: `python -m review.approval DIR/*.preview.json >> "$GITHUB_OUTPUT"`.

Prints `stateful=true` or `stateful=false`, and the reasons on stderr. Ends with 1 if a preview has failed or cannot be
read: then there is no answer, and nothing may be taken for harmless.
"""

import argparse
import sys
from pathlib import Path

from policy.objects import STATEFUL
from review.digest import Digest, DigestError, Step, parse


def stateful(digest: Digest) -> list[Step]:
    """Replaced and deleted resources of kinds that data is in, or goes with."""
    return [step for step in digest.steps if step.type in STATEFUL and (step.replaces or step.deletes)]


def why(step: Step) -> str:
    """What happens to it, and through which property."""
    if step.replaces:
        return "replace, because of " + (", ".join(step.reasons) or "what it depends on, or as it was asked for")
    return "delete, but it stays where it is (retainOnDelete)" if step.kept else "delete"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m review.approval", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what `pulumi preview --json` printed")
    found: list[str] = []
    for path in parser.parse_args(arguments).files:
        stack = path.name.removesuffix(".json").removesuffix(".preview")
        try:
            digest = parse(path.read_text())
        except (OSError, ValueError, DigestError) as error:
            print(f"{stack}: {path} cannot be read: {error}", file=sys.stderr)
            return 1
        if digest.failed:
            print(f"{stack}: the preview has failed, so nobody knows what it would do ({path})", file=sys.stderr)
            return 1
        found += [f"{stack}: {step.type} {step.name}: {why(step)}" for step in stateful(digest)]
    print("\n".join(found) or "nothing that data is in is replaced or deleted", file=sys.stderr)
    print(f"stateful={'true' if found else 'false'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
