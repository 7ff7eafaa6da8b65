import re

import pytest

from local import tools


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(tools.downloads, "reachable", lambda: False)
    return tmp_path / "tools"


def program(folder, name: str, output: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{output}'\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("tool", "output", "accepted"),
    [
        (tools.KUBERNETES, "Kubernetes v1.34.3", True),
        (tools.KUBERNETES, "Kubernetes v1.35.0", False),
        (tools.PULUMI, "v3.246.0", True),
        (tools.PULUMI, "v3.79.0", False),
        (tools.ETCD, "etcd Version: 3.4.23", True),
        (tools.CONTAINERD, "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", True),
        (tools.CONTAINERD, "containerd github.com/containerd/containerd/v2 v2.1.0 abc", False),
        (tools.RUNC, "runc version 1.1.5+ds1", True),
        (tools.PROMETHEUS, "prometheus, version 3.13.5", True),
        (tools.PROMETHEUS, "prometheus, version 2.42.0+ds", False),
        (tools.MEMCACHED, "memcached 1.6.18", True),
        (tools.THANOS, "thanos, version 0.42.5 (branch: HEAD)", True),
        (tools.THANOS, "thanos, version 0.42.2", False),
        (tools.CNI_PLUGINS, "bridge utility", False),
    ],
)
def test_a_program_on_path_is_taken_only_in_a_suitable_version(tool, output, accepted):
    assert bool(re.search(tool.accepts, output)) is accepted


def test_a_tool_that_is_wholly_on_path_is_not_fetched(cache, tmp_path, monkeypatch):
    tool = tools.Tool("thing", "1.0", ("thing", "thing-helper"), accepts=r"thing 1\.")
    program(tmp_path / "bin", "thing", "thing 1.7")
    program(tmp_path / "bin", "thing-helper", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")

    tools.fetch([tool])

    assert not cache.exists()
    assert tool.program("thing") == str(tmp_path / "bin" / "thing")


def test_a_tool_that_cannot_be_had_is_an_error_and_leaves_nothing_half_done(cache):
    tool = tools.Tool("thing", "1.0", ("thing-that-nobody-has",), accepts=r"1")

    with pytest.raises(tools.ToolError, match="thing cannot be had"):
        tools.fetch([tool])

    assert list(cache.iterdir()) == []


def test_every_tool_that_is_built_has_its_module_locked():
    ours = (tools.PAUSE, tools.MEMCACHED_EXPORTER)  # of the standard library alone
    for tool in (*tools.CONTROL_PLANE, *tools.CONTAINERS, *tools.IMAGES_ONLY, tools.ACTIONLINT):
        if tool.debian:
            continue
        module = (tools.BUILD / tool.name / "go.mod").read_text()
        # Prometheus 3.13.5 is the Go module v0.313.5.
        locked = tool.version.replace("3.", "0.3", 1) if tool is tools.PROMETHEUS else tool.version
        assert locked in module or tool in ours
        assert (tools.BUILD / tool.name / "go.sum").exists() or tool in ours
