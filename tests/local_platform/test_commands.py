import pytest

from local import stacks
from local.__main__ import STACK_FILE_COMMANDS, with_region, with_stack_file


@pytest.mark.parametrize("option", [["-s", "apac"], ["--stack", "apac"], ["--stack=apac"], ["-sapac"]])
@pytest.mark.parametrize("command", STACK_FILE_COMMANDS)
def test_a_command_on_a_stack_reads_the_platforms_own_stack_file(command, option):
    assert with_stack_file([command, *option])[-1] == f"--config-file={stacks.config_file('apac')}"


@pytest.mark.parametrize(
    "arguments", [["up"], ["up", "--yes"], ["preview", "-s", "production"], ["destroy", "--stack="]]
)
def test_a_command_that_would_read_a_production_stack_file_is_refused(arguments):
    with pytest.raises(stacks.StackError, match="needs --stack with one of apac, eu, global"):
        with_stack_file(arguments)


def test_other_commands_pass_as_they_are():
    assert with_stack_file(["stack", "ls"]) == ["stack", "ls"]
    assert with_stack_file([]) == []


def test_an_operation_reads_the_platforms_own_stack_file_and_keeps_its_arguments():
    given = with_region("global", ["--repair", "--yes"])
    assert given == ["--stack=global", "--repair", "--yes", f"--config-file={stacks.config_file('global')}"]
