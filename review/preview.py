"""`pulumi preview --json` for a pull request: `python -m review.preview --stack apac --out DIR`.

Leaves DIR/apac.preview.json, and DIR/apac.log: what the CLI has said, and what policies refuse, of which the JSON has
nothing. That is in the engine's event log, which the Automation API reads, too. Ends with the CLI's exit code.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from planner.documents import mapping
from review.digest import name_of, type_of

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m review.preview", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--out", required=True, type=Path, help="the folder for both files")
    parser.add_argument("--config-file", type=Path, help="the stack file, if it is not Pulumi.<stack>.yaml")
    parser.add_argument("--policy-pack", type=Path, default=ROOT / "policy")
    parser.add_argument("more", nargs="*", metavar="-- FLAG", help="further flags of `pulumi preview`")
    options = parser.parse_args(arguments)
    stack = options.stack.rpartition("/")[2]
    file = [f"--config-file={options.config_file.resolve()}"] if options.config_file else []
    command = ["pulumi", "preview", "--json", "--non-interactive", f"--stack={options.stack}", *file, *options.more]
    if not shutil.which("pulumi"):
        print("pulumi is not on PATH: install its CLI, https://www.pulumi.com/docs/install/", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.json"
        command += [f"--policy-pack={options.policy_pack.resolve()}", f"--event-log={events}"]
        # Without the variable the CLI does not know --event-log.
        environment = {**os.environ, "PULUMI_DEBUG_COMMANDS": "true"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        refused = list(violations(events.read_text())) if events.exists() else []
    log = "\n".join([*filter(None, [done.stderr.strip()]), *refused])
    (options.out / f"{stack}.preview.json").write_text(done.stdout)
    (options.out / f"{stack}.log").write_text(f"{log}\n" if log else "")
    if log:
        print(log, file=sys.stderr)
    return done.returncode


def violations(events: str) -> Iterator[str]:
    """Of an event log, one JSON document a line: each policy that refuses something, what, why, and what to do."""
    for line in events.splitlines():
        try:
            found = mapping(json.loads(line), "policyEvent")
        except ValueError:
            continue  # the last one, of an engine that was stopped
        if found:
            urn = str(found.get("resourceUrn", ""))
            yield (
                f"policy {found.get('policyName')} ({found.get('enforcementLevel')}) on {type_of(urn)} {name_of(urn)}: "
                f"{str(found.get('message')).strip()}"
            )


if __name__ == "__main__":
    sys.exit(main())
