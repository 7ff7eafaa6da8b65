"""The local platform's commands; `make up` and `make down` call them. `python -m local --help` lists them."""

import argparse
import fcntl
import os
import signal
import sys

from local import control_plane, node, platform, preview, progress, stacks, tools
from local.paths import CACHE

#: Pulumi's commands that read the stack file.
STACK_FILE_COMMANDS = ("config", "destroy", "import", "preview", "refresh", "up", "update", "watch")

#: Commands of the Makefile that work on a stack.
OPERATIONS = {"drift": "ops.drift", "scale-receive": "ops.scale_receive", "unused-metrics": "ops.unused_metrics"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="bring everything up, and show one query over all regions")
    commands.add_parser("down", help="stop everything and remove its state; built tools are kept")
    commands.add_parser("tools", help="download or build the programs, and start nothing")
    commands.add_parser("query", help="show the query over all regions again")
    offline = commands.add_parser("preview", help="preview a production stack file: no cluster, credentials or state")
    offline.add_argument("stack", choices=preview.STACKS)
    scale = commands.add_parser("scale-receive", help="another number of receivers, as `make scale-receive` has it")
    scale.add_argument("stack", choices=stacks.REGIONS)
    scale.add_argument("to", type=int)
    scale.add_argument("--yes", action="store_true", help="do not ask")
    unused = commands.add_parser("unused-metrics", help="what edges send and nobody uses", add_help=False)
    unused.add_argument("stack", choices=stacks.REGIONS)
    unused.add_argument("arguments", nargs=argparse.REMAINDER)
    drift = commands.add_parser("drift", help="what was changed by hand, and with --repair its repair", add_help=False)
    drift.add_argument("stack", choices=stacks.STACKS)
    drift.add_argument("arguments", nargs=argparse.REMAINDER)
    for name in ("pulumi", "kubectl"):
        command = commands.add_parser(name, help=f"run {name} against the local platform", add_help=False)
        command.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.command in ("pulumi", "kubectl"):
        return passthrough(options.command, options.arguments)
    if options.command == "preview":
        return preview.preview(options.stack)
    if options.command == "scale-receive":
        return passthrough(
            "scale-receive", with_region(options.stack, [f"--to={options.to}", *["--yes"] * options.yes])
        )
    if options.command in ("drift", "unused-metrics"):
        return passthrough(options.command, with_region(options.stack, options.arguments))
    actions = {"up": platform.up, "down": platform.down, "tools": platform.fetch_tools, "query": platform.query}
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another command works on the local platform: wait until it has ended", "red")
            return 1
        return actions[options.command]()


def passthrough(name: str, arguments: list[str]) -> int:
    """Runs the CLI with the platform's own environment, so that it cannot reach anything else."""
    running = node.current()
    if not running:
        progress.say("the local platform does not run: start it with `make up`", "red")
        return 1
    if name == "kubectl":
        command = [tools.KUBERNETES.program("kubectl"), f"--kubeconfig={control_plane.KUBECONFIG}", *arguments]
        return _replace(command, dict(os.environ))
    if module := OPERATIONS.get(name):
        return _replace([sys.executable, "-m", module, *arguments], stacks.environment(running))
    return _replace(["pulumi", *with_stack_file(arguments)], stacks.environment(running))


def with_region(stack: str, arguments: list[str]) -> list[str]:
    """The arguments of an operation, made to read the platform's stack file."""
    return [f"--stack={stack}", *arguments, f"--config-file={stacks.config_file(stack)}"]


def with_stack_file(arguments: list[str]) -> list[str]:
    """The command line, made to read the platform's stack file and never the production one.

    Raises StackError if it names none of the platform's stacks.
    """
    if not arguments or arguments[0] not in STACK_FILE_COMMANDS:
        return arguments
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-s", "--stack")
    stack = parser.parse_known_args(arguments)[0].stack
    if stack not in stacks.STACKS:
        choices = ", ".join(stacks.STACKS)
        raise stacks.StackError(f"which stack? `pulumi {arguments[0]}` needs --stack with one of {choices}")
    return [*arguments, f"--config-file={stacks.config_file(stack)}"]


def _replace(command: list[str], environment: dict[str, str]) -> int:
    sys.stdout.flush()
    os.execvpe(command[0], command, environment)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        progress.say("interrupted; nothing is lost: the same command goes on where it stopped", "yellow")
        sys.exit(128 + signal.SIGINT)
    except (tools.ToolError, node.NodeError, stacks.StackError, platform.PlatformError) as error:
        progress.say(str(error), "red")
        sys.exit(1)
