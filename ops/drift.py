"""Finds what was changed by hand in the cluster or in AWS, and repairs it. `make drift STACK=apac ARGS=--repair`.

It changes nothing unless asked to repair. Ends with 0 if every stack is in sync, 2 if one has drifted, 1 if one could
not be looked at. docs/drift.md says what counts as drift.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from local import progress
from ops import interruption, stacks
from ops.drift_report import Outcome, headline, lines, markdown
from ops.drifted import Found, compare
from ops.errors import OperationError
from ops.stack import ROOT, Stack

IN_SYNC, FAILED, DRIFTED = 0, 1, 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse would end with 2, which here means that something has drifted.
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    parser = _Parser(prog="python -m ops.drift", description=__doc__)
    parser.add_argument("--stack", action="append", help="may be given more than once; all of the checkout by default")
    parser.add_argument("--config-file", type=Path, help="the stack file of the one stack, if not Pulumi.<stack>.yaml")
    parser.add_argument("--report", type=Path, help="write what was found to this file, as Markdown")
    parser.add_argument("--repair", action="store_true", help="put right what has drifted")
    parser.add_argument("--yes", action="store_true", help="do not ask before a repair")
    options = parser.parse_args(arguments)
    try:
        names: list[str] = options.stack or [stack.name for stack in stacks.find(ROOT)]
    except OperationError as error:
        progress.say(str(error), "red")
        return FAILED
    if options.report and not options.report.absolute().parent.is_dir():
        parser.error(f"--report is {options.report}: its folder must be there")
    if options.config_file and len(names) != 1:
        parser.error(f"--config-file is of one stack: must come with one --stack, and there are {len(names)}")
    outcomes: list[Outcome] = []
    try:
        with interruption.kept():
            for name in names:
                stack = Stack(name, options.config_file)
                outcomes.append(treat(stack, repair=options.repair, sure=options.yes))
    except KeyboardInterrupt:
        progress.say("\ninterrupted; nothing is lost: the same command looks again", "yellow")
        return 128 + signal.SIGINT
    except FileNotFoundError as error:
        progress.say(f"{error.filename} is not on this machine's PATH", "red")
        return FAILED
    if options.report:
        options.report.write_text(markdown(outcomes))
    return ending(outcomes, repair=options.repair)


def treat(stack: Stack, *, repair: bool, sure: bool) -> Outcome:
    """Looks at a stack, says what was found, and repairs it if asked to."""
    try:
        found = look(stack)
    except OperationError as error:
        outcome = Outcome(stack.name, error=str(error), failed=True)
        progress.say(headline(outcome), "red")
        progress.say(f"{error}\nNothing was changed. `pulumi preview --refresh -s {stack.name}` shows all of it", "red")
        return outcome
    outcome = Outcome(stack.name, found)
    _say(outcome, found)
    if not repair or not found.drifted:
        return outcome
    if found.unapplied:
        reason = (
            f"{stack.name} is not repaired: it has changes that are not applied yet (above), and the repair would "
            f"apply them, too. Look at them, bring it up, and repair it then: pulumi up -s {stack.name}"
        )
        progress.say(reason, "red")
        return Outcome(stack.name, found, error=reason)
    if not sure and not _agreed():
        progress.say("nothing was changed", "yellow")
        return outcome
    try:
        return repaired(stack, found)
    except OperationError as error:
        progress.say(str(error), "red")
        return Outcome(stack.name, found, error=str(error), failed=True)


def look(stack: Stack) -> Found:
    # Neither changes the record, nor locks it.
    with progress.step(f"looking at {stack.name}"), ThreadPoolExecutor(2) as both:
        plain, refreshed = both.submit(stack.preview), both.submit(stack.preview, refresh=True)
    interruption.check()
    return compare(plain.result(), refreshed.result())


def repaired(stack: Stack, found: Found) -> Outcome:
    with progress.step(f"pulumi up --refresh: {stack.name}", speaks=True):
        stack.up(refresh=True)
    left = look(stack)
    outcome = Outcome(stack.name, found, left=left)
    for change in outcome.repaired:
        progress.say(f"  repaired: {change.resource.kind} {change.resource.place}", "green")
    _say(outcome, left)
    return outcome


def _say(outcome: Outcome, found: Found) -> None:
    progress.say(headline(outcome), "yellow" if found.drifted else "green")
    for line in lines(found):
        progress.say(line)


def ending(outcomes: Sequence[Outcome], *, repair: bool) -> int:
    """Says what to do, and gives the exit code."""
    drifted = [outcome.stack for outcome in outcomes if outcome.now and outcome.now.drifted]
    if drifted and not repair:
        progress.say(f"To repair {', '.join(drifted)}: the same command with --repair", "yellow")
    if any(outcome.failed for outcome in outcomes):
        return FAILED
    return DRIFTED if drifted else IN_SYNC


def _agreed() -> bool:
    try:
        return input("Repair it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main())
