"""Scales the receivers of a region: no sample is lost, and no write fails. `make scale-receive STACK=apac TO=5`.

It may be interrupted at any moment; the same command goes on. docs/scaling.md says what is checked, and what is not.
"""

import argparse
import signal
import sys
from pathlib import Path

from local import progress
from ops import interruption
from ops.cluster import Cluster
from ops.errors import OperationError, UnreachableError
from ops.plan import Step, next_step, plan
from ops.scaling import Scaling
from ops.stack import Stack


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.scale_receive", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack of the region")
    parser.add_argument("--to", required=True, type=int, help="the number of ingesters")
    parser.add_argument("--config-file", type=Path, help="the stack file, if it is not Pulumi.<stack>.yaml")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is changed")
    options = parser.parse_args(arguments)
    stack = Stack(options.stack, options.config_file)
    try:
        with interruption.kept():
            settings = stack.settings(options.to)
            cluster = Cluster(stack.context(), settings.namespace, stack.region)
            return scale(Scaling(stack, cluster, settings, options.to), sure=options.yes)
    except KeyboardInterrupt:
        progress.say("\ninterrupted; nothing is lost: the same command goes on where it stopped", "yellow")
        return 128 + signal.SIGINT
    except UnreachableError as error:
        progress.say(f"{error}. Nothing is lost: the same command goes on", "red")
        return 1
    except OperationError as error:
        progress.say(str(error), "red")
        return 1
    except FileNotFoundError as error:
        progress.say(f"{error.filename} is not on this machine's PATH", "red")
        return 1


def scale(scaling: Scaling, *, sure: bool) -> int:
    """Shows what will be done, asks unless `sure`, and does it. Returns the exit code."""
    name, target = scaling.stack.name, scaling.target
    with progress.step(f"looking at {name} ({scaling.cluster.where})"):
        state = scaling.check()
    steps = plan(state, target)
    progress.say(f"{name} has {state.running}; wanted: {target}")
    if not steps:
        progress.say("nothing to do", "green")
        return 0
    for number, step in enumerate(steps, 1):
        progress.say(f"  {number}. {step}")
    for caution in scaling.cautions(steps):
        progress.say(f"Note: {caution}.", "yellow")
    if not sure and not _agreed():
        progress.say("nothing was changed", "yellow")
        return 1
    run(scaling)
    progress.say(
        f"{name}: all of {target} ingesters share the series, {progress.elapsed():.0f} s after the start. "
        f"Commit {scaling.stack.file}.",
        "green",
    )
    return 0


def run(scaling: Scaling) -> list[Step]:
    """Takes one step after the other, each decided on by what is there then; returns them."""
    taken: list[Step] = []
    while step := next_step(scaling.look(), scaling.target):
        with progress.step(str(step), speaks=True):
            scaling.take(step)
        interruption.check()
        taken.append(step)
    return taken


def _agreed() -> bool:
    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main())
