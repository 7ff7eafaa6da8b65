"""Brings up several stacks in order: the regions side by side, then the global ones. `make deploy`.

It may be interrupted at any moment; the same command goes on. docs/delivery.md says how, and what saved plans are for.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from ops import display, interruption, saved_plans
from ops.deployment import Deployment, Project
from ops.display import say
from ops.errors import OperationError
from ops.stacks import GLOBAL, KINDS, choose, find

#: Seconds between two looks at the engines.
INTERVAL = 0.2


class StoppedError(Exception):
    """A signal has come, and every engine has ended."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    options = _options(given)
    again = _again(options, given)
    deployments: list[Deployment] = []
    try:
        deployments = _deployments(options)
        if options.save_plans:
            save_plans(deployments, options.save_plans)
        else:
            deploy(deployments, plans=options.plans, preview=not options.skip_preview, sure=options.yes)
    except OperationError as error:
        say(str(error), "red")
        return 1
    except (StoppedError, KeyboardInterrupt) as stopped:
        code = 128 + (stopped.number if isinstance(stopped, StoppedError) else 2)
        _report(deployments)
        say(f"interrupted; nothing is lost. To go on, {again}", "yellow")
        return code
    return conclude(deployments, again, saved=options.save_plans)


def deploy(deployments: Sequence[Deployment], *, plans: Path | None, preview: bool, sure: bool) -> None:
    """Takes the kinds in order; the deployments know in the end how far they came. StoppedError after a signal."""
    for kind in KINDS:
        stage = [one for one in deployments if one.stack.kind == kind and not _leave_out(one, deployments)]
        if not stage:
            continue
        if plans:
            display.show_changes({one.name: saved_plans.changes(plans, one.name) for one in stage})
        elif preview:
            side_by_side(stage, lambda one: one.preview())
            if any(one.state != "previewed" for one in stage):
                return
            display.show_changes({one.name: one.progress.changes for one in stage})
        if not sure and not _agreed(stage):
            return
        side_by_side(stage, lambda one: one.up(saved_plans.plan(plans, one.name) if plans else None))


def save_plans(deployments: Sequence[Deployment], folder: Path) -> None:
    """Previews, and writes what people and `--plans` read. Changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    side_by_side(
        deployments,
        lambda one: one.preview(saved_plans.plan(folder, one.name), saved_plans.digest(folder, one.name)),
    )
    display.show_changes({one.name: one.progress.changes for one in deployments if one.state == "previewed"})


def side_by_side(deployments: Sequence[Deployment], work: Callable[[Deployment], None]) -> None:
    """Does the work on all of them at once, and shows how far each is. StoppedError after a signal.

    Whatever happens here, it returns when every engine has ended and recorded what it did.
    """
    with (
        interruption.noted() as note,
        ThreadPoolExecutor(len(deployments)) as pool,
        display.Watching(deployments) as watching,
    ):
        working = [pool.submit(work, one) for one in deployments]
        while wait(working, INTERVAL).not_done:
            if note.number is not None:
                for one in deployments:
                    one.stop()
            watching.refresh()
        watching.refresh()
    for future in working:
        future.result()
    if note.number is not None:
        raise StoppedError(note.number)


def conclude(deployments: Sequence[Deployment], again: str, saved: Path | None) -> int:
    """Says what was reached and what to do next; returns the exit code. again: how to go on, as an order."""
    _report(deployments)
    for one in deployments:
        if one.state == "left out":
            say(f"{one.name} was left out: {one.why}", "yellow")
    states = {one.name: one.state for one in deployments}
    if saved and all(state == "previewed" for state in states.values()):
        say(f"Nothing was changed. Review {saved}/*.preview.json; then apply exactly these plans with --plans {saved}.")
        return 0
    if all(state == "up" for state in states.values()):
        say(f"{', '.join(states)}: up", "green")
        return 0
    if failed := [name for name, state in states.items() if state in ("failed", "preview failed")]:
        changed = " What was changed is recorded." if "failed" in states.values() else " Nothing of theirs was changed."
        say(f"{', '.join(failed)}: the reasons stand above.{changed} Mend them; then {again}", "red")
    else:
        say(f"not everything was agreed to. To be asked again, {again}", "yellow")
    return 1


def _again(options: argparse.Namespace, given: Sequence[str]) -> str:
    if options.plans:
        # The engine misses the steps of a plan that are done, above all half of a replacement.
        return f"save new plans with --save-plans {options.plans}, and apply those: the old ones fit no more"
    return f"run again: {shlex.join(['.venv/bin/python', '-m', 'ops.deploy', *given])}"


def _report(deployments: Sequence[Deployment]) -> None:
    display.show_messages(deployments)
    if deployments:
        display.show_summary(deployments)


def _leave_out(one: Deployment, deployments: Sequence[Deployment]) -> bool:
    """Whether a region that a global stack asks was to come up now and is not."""
    if one.stack.kind != GLOBAL:
        return False
    missing = [other.name for other in deployments if other.name in one.stack.regions and other.state != "up"]
    if missing:
        one.state, one.why = "left out", f"it asks {' and '.join(missing)}, which did not come up"
    return bool(missing)


def _agreed(stage: Sequence[Deployment]) -> bool:
    try:
        return input(f"Bring up {', '.join(one.name for one in stage)}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _deployments(options: argparse.Namespace) -> list[Deployment]:
    """The chosen stacks, found in the backend or, unless it is about plans, made there. OperationError before anything
    else is done; StoppedError after a signal.
    """
    here = Path.cwd()
    chosen = choose(find(options.config_dir or here), options.stack)
    if not (options.yes or options.save_plans or sys.stdin.isatty()):
        raise OperationError(
            "nobody can be asked, because there is no terminal, and nothing was changed. Look at what would be done "
            "with --save-plans DIR, and apply that with --yes --plans DIR; or run with --yes alone"
        )
    if options.plans:
        saved_plans.require(options.plans, [stack.name for stack in chosen])
    policies = options.policy_pack.resolve() if options.policy_pack else None
    project = Project(here, options.secrets_provider, policies)
    deployments = [Deployment(project, stack) for stack in chosen]
    for one in deployments:
        if not one.find():
            if options.plans or options.save_plans:
                raise OperationError(_must_be_made(one))
            _make(one)
    return deployments


def _must_be_made(one: Deployment) -> str:
    provider = ["--secrets-provider", one.secrets_provider] if one.secrets_provider else []
    command = shlex.join(["pulumi", "stack", "init", one.name, "--no-select", *provider])
    return (
        f"the stack {one.name} is not in the backend: it must be there before its plan, because a plan's secrets are "
        f"encrypted with the key that is written into {one.stack.file.name} when the stack is made. Nothing was "
        f"changed. Make it, and commit that file: {command}"
    )


def _make(one: Deployment) -> None:
    """Makes the stack, whatever signal comes: half of it would be a lock without a key. StoppedError then."""
    with interruption.noted() as note:
        one.make()
        say(f"made the stack {one.name}: commit what has been written into {one.stack.file.name}", "yellow")
    if note.number is not None:
        raise StoppedError(note.number)
    one.find()


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.deploy", description=__doc__)
    parser.add_argument("--stack", action="append", default=[], help="only this one; may be given several times")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is changed")
    parser.add_argument("--skip-preview", action="store_true", help="with --yes: do not preview first")
    plans = parser.add_mutually_exclusive_group()
    plans.add_argument("--save-plans", type=Path, metavar="DIR", help="preview, write plans for review, change nothing")
    plans.add_argument("--plans", type=Path, metavar="DIR", help="apply exactly the plans of --save-plans")
    parser.add_argument(
        "--policy-pack",
        nargs="?",
        type=Path,
        const=Path("policy"),
        metavar="DIR",
        help="ask policies, too; policy/ unless given",
    )
    parser.add_argument("--config-dir", type=Path, metavar="DIR", help="where the stack files are, if not here")
    parser.add_argument("--secrets-provider", metavar="URL", help="of new stacks whose stack file names none")
    options = parser.parse_args(arguments)
    if options.skip_preview and not options.yes:
        parser.error("--skip-preview leaves nothing to ask about: give --yes, too")
    return options


if __name__ == "__main__":
    sys.exit(main())
