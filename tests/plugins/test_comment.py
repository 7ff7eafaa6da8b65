"""Real previews, as comments on a pull request: nothing, update, create, replace, delete, and two that fail.

`RECORD=1` writes what the CLI printed to tests/data/previews, for tests/review.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kubernetes import client, config

from local import policy_pack
from local.paths import ROOT
from tests.plugins.engine import Stack
from tests.plugins.world import HEADER
from tests.review.previews import RECORDED

pytestmark = pytest.mark.plugins

NAMESPACE = "review"
PROGRAM = (
    HEADER.format(namespace=NAMESPACE)
    + """
from components import _config, _volumes, _workload
part = _workload.Part("query", NAMESPACE, "query", "test")
child = ResourceOptions(parent=pulumi.ComponentResource("observability:index:Query", "query"))
files = _config.hashed_config_map(part, "config", {{"query.yaml": {file!r}, "web.json": '{{"a": 1}}'}}, child)
keys = {{"user": pulumi.Output.secret("USER-VALUE"), "password": pulumi.Output.secret({password!r})}}
k8s.core.v1.Secret("query-login", metadata=part.metadata("query-login"), string_data=keys, opts=child)
_volumes.claims(part, {claims}, "1Gi", {storage_class!r}, child.parent)
sizes = {{"cpu": {cpu!r}, "memory": "1Gi", "memory_limit": None}}
flags = ["query", "--query.timeout={timeout}", "--log.level=info"]
thanos = _workload.container("query", {image!r}, flags, {{}}, sizes, {{}})
volume = {{"name": "config", "configMap": {{"name": files}}}}
template = _workload.pod_template(
    part, [thanos], account="default", priority_class="system-node-critical", spread=False, volumes=[volume])
spec = {{"replicas": 2, "selector": {{"matchLabels": part.selector}}, "template": template}}
k8s.apps.v1.Deployment("query", metadata=part.metadata(), spec=spec, opts=child)
if {fails!r}: raise pulumi.RunError("observability:query.timeout is '2x': must be a duration")
"""
)
BASE = {
    "file": "a: 1\nb: 2\nc: 3\n", "password": "OLD-VALUE", "storage_class": "fast", "claims": 2, "cpu": "500m",
    "image": "thanos:v0.42.5", "timeout": "2m", "fails": False,
}  # fmt: skip
CASES = {
    "none": {},
    "update": {"timeout": "5m", "file": "a: 1\nb: 2```\nc: <b>3</b>\n", "cpu": "1", "password": "NEW-VALUE"},
    "replace": {"storage_class": "slow"},
    "delete": {"claims": 1},
    "create": {"claims": 3},
    "failure": {"fails": True},
    "policy": {"image": "thanos:latest"},
}


@dataclass(frozen=True)
class Reviewed:
    """One preview: the CLI's exit code, what was left, and what was made of it."""

    code: int
    file: Path
    comment: str
    approval: subprocess.CompletedProcess


@pytest.fixture(scope="module")
def reviewed(kubeconfig, tmp_path_factory) -> Iterator[dict[str, Reviewed]]:
    """Every case against the same stack, which exists."""
    core = client.CoreV1Api(config.new_client_from_config(str(kubeconfig)))
    core.create_namespace({"metadata": {"name": NAMESPACE}})
    out = tmp_path_factory.mktemp("out")
    stack = Stack(
        tmp_path_factory.mktemp("review"),
        config={"kubernetes:kubeconfig": str(kubeconfig)},
        env={"PYTHONPATH": str(ROOT), "PULUMI_K8S_STAND_IN_AWAIT": "false"},
    )
    environment = stack.environment()
    pack = policy_pack.prepare(out / "policies", environment)

    def python(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
        )

    def review(case: str) -> Reviewed:
        folder = out / case
        flags = ["--stack=test", f"--out={folder}", f"--policy-pack={pack}", "--", f"--cwd={stack.folder}"]
        code = python("review.preview", *flags).returncode
        file = folder / "test.preview.json"
        comment = python("review.comment", "--stack=test", str(file), f"--log={folder}/test.log")
        assert comment.returncode == 0, comment.stderr
        return Reviewed(code, file, comment.stdout, python("review.approval", str(file)))

    stack.program(PROGRAM.format(**BASE))
    first = {"first": review("first")}
    done = stack.up()
    assert done.code == 0, done.text
    found = {}
    for case, changes in CASES.items():
        stack.program(PROGRAM.format(**{**BASE, **changes}))
        found[case] = review(case)
    if os.environ.get("RECORD"):
        for case, result in {**first, **found}.items():
            record(case, result.file)
    yield first | found
    core.delete_namespace(NAMESPACE)


def record(case: str, file: Path) -> None:
    """Without what tells of this machine."""

    def cleaned(value: object) -> object:
        if isinstance(value, dict):
            return {key: cleaned(item) for key, item in value.items() if key not in ("sourcePosition", "stackTrace")}
        return [cleaned(item) for item in value] if isinstance(value, list) else value

    document = cleaned(json.loads(file.read_text()))
    document.pop("config", None)
    document["diagnostics"] = [
        one for one in document.get("diagnostics", []) if "from $PATH" not in one.get("message", "")
    ]
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{case}.json").write_text(json.dumps(document, indent=1) + "\n")
    if log := file.with_name("test.log").read_text():
        (RECORDED / f"{case}.log").write_text(log)


def test_no_change_is_one_line(reviewed):
    found = reviewed["none"]
    assert found.code == 0
    visible = [line for line in found.comment.splitlines() if not line.startswith("<!--")]
    assert len(visible) == 1
    assert "no changes, all" in visible[0]


def test_an_update_shows_flags_and_files_and_no_hash(reviewed):
    found = reviewed["update"].comment
    assert "@@ spec.template.spec.containers[query].args @@\n query\n---query.timeout=2m\n+--query.timeout=5m" in found
    assert '@@ data["query.yaml"] @@\n a: 1\n-b: 2\n-c: 3\n+b: 2```\n+c: <b>3</b>' in found
    assert "new content</b> of ConfigMap" in found
    assert "query-config-" not in found
    assert "````diff" in found, "the file has a fence of its own"


def test_of_a_secret_it_says_which_key_and_of_the_bill_how_much(reviewed):
    found = reviewed["update"].comment
    assert "stringData.password" in found
    assert "stringData.user" not in found
    assert "| CPU | +1 cores | +29.55 |" in found
    for result in reviewed.values():
        text = result.comment + result.file.read_text() + result.file.with_name("test.log").read_text()
        assert not [value for value in ("USER-VALUE", "OLD-VALUE", "NEW-VALUE") if value in text]


@pytest.mark.parametrize(("case", "reason"), [("replace", "spec.storageClassName"), ("delete", "retainOnDelete")])
def test_what_data_is_in_comes_first_with_the_reason_and_needs_approval(reviewed, case, reason):
    found = reviewed[case]
    careful = found.comment.partition("#### Look twice")[2].partition("\n#### ")[0]
    assert f"**{case}** PersistentVolumeClaim <code>query-data-1</code>" in careful
    assert reason in careful
    assert found.approval.stdout == "stateful=true\n"
    assert f"test: kubernetes:core/v1:PersistentVolumeClaim query-data-1: {case}" in found.approval.stderr


@pytest.mark.parametrize("case", ["none", "update", "create", "first"])
def test_what_leaves_data_alone_needs_no_approval(reviewed, case):
    found = reviewed[case].approval
    assert (found.returncode, found.stdout) == (0, "stateful=false\n"), found.stderr


def test_something_new_is_listed(reviewed):
    found = reviewed["create"].comment
    assert "**1** to create" in found
    assert "PersistentVolumeClaim query-data-2" in found
    assert "| volumes | +1 GiB <code>fast</code> | +0.08 |" in found


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("failure", "observability:query.timeout is '2x': must be a duration"),
        ("policy", "policy images-are-pinned (mandatory) on kubernetes:apps/v1:Deployment query"),
    ],
)
def test_a_failed_preview_says_why_and_answers_nothing_about_approval(reviewed, case, said):
    found = reviewed[case]
    assert found.code != 0
    assert "**failed**" in found.comment
    assert said in found.comment
    assert "**What to do.**" in found.comment
    assert "Traceback" not in found.comment
    assert (found.approval.returncode, found.approval.stdout) == (1, "")
