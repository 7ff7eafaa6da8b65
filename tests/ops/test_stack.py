"""The stack file and the CLI's way with it."""

import subprocess

import pytest

from ops.errors import OperationError
from ops.plan import Shape
from ops.stack import Stack
from tests.ops.region import STACK_FILE
from tests.plugins import engine


def written(folder, receive: str) -> Stack:
    file = folder / "Pulumi.apac.yaml"
    file.write_text(STACK_FILE.replace("{receive}", receive))
    return Stack("apac", file)


def test_a_shape_is_read_with_its_defaults(tmp_path):
    assert written(tmp_path, "{}").written() == Shape(3, 3)
    assert written(tmp_path, "{ingesters: 5, ring: 3}").written() == Shape(5, 3)


def test_the_names_of_objects_begin_with_the_stack_without_its_organisation():
    assert Stack("acme/observability/apac").region == "apac"
    assert Stack("acme/observability/apac").file.name == "Pulumi.apac.yaml"


def test_what_is_wanted_is_checked_as_if_it_were_written(tmp_path):
    assert written(tmp_path, "{ingesters: 5, ring: 3}").settings(9).receive.ring_size == 9


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("config: {observability:kind: global, observability:regions: [apac]}", "only regions have receivers"),
        ("config: {}", "only regions have receivers"),
        ("config: {observability:kind: region, observability:region: apac}", "objectStore is missing"),
        ("config: [", "is no YAML"),
    ],
)
def test_another_file_is_refused(tmp_path, text, problem):
    file = tmp_path / "Pulumi.apac.yaml"
    file.write_text(text)
    with pytest.raises(OperationError, match=problem):
        Stack("apac", file).settings()


def test_a_file_that_is_not_there_or_names_no_cluster_is_said_so(tmp_path):
    with pytest.raises(OperationError, match="there is no stack file"):
        Stack("apac", tmp_path / "none.yaml").settings()
    (tmp_path / "bare.yaml").write_text("config: {}")
    with pytest.raises(OperationError, match="must name the cluster's context"):
        Stack("apac", tmp_path / "bare.yaml").context()


def test_up_and_preview_are_the_commands_of_a_person(tmp_path, monkeypatch):
    stack = written(tmp_path, "{}")
    called = []

    class Done(subprocess.Popen):
        def __init__(self, command, **_):
            called.append(command)

        def wait(self):
            return 1

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(subprocess, "Popen", Done)
    with pytest.raises(OperationError, match="the reason stands above"):
        stack.up()
    flags = ["--yes", "--skip-preview", "--suppress-outputs", "--stack=apac", f"--config-file={stack.file}"]
    assert called == [["pulumi", "up", *flags]]


@pytest.mark.plugins
def test_the_cli_keeps_comments_and_writes_numbers(tmp_path, monkeypatch):
    probe = engine.Stack(tmp_path / "probe")
    text = (
        "# Of the region.\nconfig:\n  observability:receive: # flow\n    routers: 2 # two\n"
        "    # how many\n    ingesters: 3\n  observability:store: {replicas: 2} # end\n"
    )
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(text)
    stack = Stack("test", file)
    monkeypatch.setattr(Stack, "_run", lambda self, *arguments: cli(probe, [*arguments, f"--config-file={file}"]))

    stack.write(Shape(5, 3))
    assert file.read_text() == text.replace("ingesters: 3\n", "ingesters: 5\n    ring: 3\n")
    stack.write(Shape(5, 5))
    assert file.read_text() == text.replace("ingesters: 3", "ingesters: 5")


def cli(probe: engine.Stack, arguments: list[str]) -> subprocess.CompletedProcess:
    done = probe._run(*arguments)
    return subprocess.CompletedProcess(arguments, done.code, done.text, done.text)
