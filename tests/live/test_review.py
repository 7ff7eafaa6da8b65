"""What a pull request on the running platform would be told. Previews only: nothing is changed, and that is checked."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from local import policy_pack, stacks
from local.paths import ROOT

pytestmark = pytest.mark.live

REGION, NEW, GONE = "apac", "apac-9", "apac-2"
Config = dict


def nothing(config: Config) -> None:
    """The stack file as it is."""


def another_flag(config: Config) -> None:
    config["observability:queryFrontend"]["logQueriesLongerThan"] = "5s"


def an_edge_more(config: Config) -> None:
    config["observability:edges"].append({"name": NEW, "series": 1000, "scrapeInterval": "5s", "storage": "1Gi"})


def an_edge_less(config: Config) -> None:
    config["observability:edges"] = [edge for edge in config["observability:edges"] if edge["name"] != GONE]


def larger_items(config: Config) -> None:
    """The caches' clients read a file with a hash in its name: another one replaces it."""
    config["observability:caches"]["query"]["maxItemSize"] = "2Mi"


def other_volumes(config: Config) -> None:
    config["observability:storageClass"] = "other"


def a_bad_setting(config: Config) -> None:
    config["observability:queryFrontend"]["logQueriesLongerThan"] = "soon"


def an_open_door(config: Config) -> None:
    config["observability:query"]["loadBalancer"] = {
        "hostname": "query.example.internal",
        "annotations": {
            "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",
            "service.beta.kubernetes.io/aws-load-balancer-internal": "false",
        },
    }


CASES = (
    nothing, another_flag, an_edge_more, an_edge_less, larger_items, other_volumes, a_bad_setting, an_open_door,
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """Exit code of the preview, the comment, and what `review.approval` said."""

    code: int
    comment: str
    approval: subprocess.CompletedProcess


def review(
    edit: Callable[[Config], None], stack_file: Path, environment: Mapping[str, str], pack: Path, out: Path
) -> Told:
    """A pull request that makes this edit of the stack file, as its workflow runs it."""
    document = yaml.safe_load(stack_file.read_text())
    edit(document["config"])
    folder = out / edit.__name__
    folder.mkdir()
    changed = folder / stack_file.name
    changed.write_text(yaml.safe_dump(document))

    def python(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
        )

    where = (f"--out={folder}", f"--config-file={changed}", f"--policy-pack={pack}")
    code = python("review.preview", f"--stack={REGION}", *where).returncode
    file = str(folder / f"{REGION}.preview.json")
    comment = python("review.comment", f"--stack={REGION}", file, f"--log={folder / REGION}.log")
    assert comment.returncode == 0, comment.stderr
    return Told(code, comment.stdout, python("review.approval", file))


@pytest.fixture(scope="module")
def told(machine, tmp_path_factory) -> Iterator[dict[Callable, Told]]:
    """Every case. In the end the state is what it was."""
    state = stacks.BACKEND / f".pulumi/stacks/observability/{REGION}.json"
    before, written = state.read_bytes(), stacks.config_file(REGION).read_bytes()
    out = tmp_path_factory.mktemp("review")
    environment = stacks.environment(machine)
    pack = policy_pack.prepare(out / "policies", environment)

    def reviewed(case: Callable[[Config], None]) -> Told:
        return review(case, stacks.config_file(REGION), environment, pack, out)

    with ThreadPoolExecutor(2) as pool:  # a preview takes no lock
        told = dict(zip(CASES, pool.map(reviewed, CASES), strict=True))
    yield told
    assert state.read_bytes() == before
    assert stacks.config_file(REGION).read_bytes() == written


def counts(told: Told) -> str:
    """The line of the comment that has them."""
    return next(line for line in told.comment.splitlines() if line.startswith("**"))


def test_a_pull_request_that_changes_nothing_is_one_line(told):
    found = told[nothing]
    assert found.code == 0, found.comment
    marker, line = found.comment.splitlines()
    assert marker == f"<!-- preview: {REGION} -->"
    assert "no changes, all" in line
    assert found.approval.stdout == "stateful=false\n"


def test_another_flag_is_shown_as_a_line(told):
    found = told[another_flag].comment
    assert "-logQueries" not in found, "the program's flag, not the setting"
    assert "\n+--query-frontend.log-queries-longer-than=5s\n" in found
    assert "\n---query-frontend.log-queries-longer-than=10s\n" in found
    assert "**Cost:** the same" in found


def test_an_edge_more_is_a_token_and_what_its_gateway_is_told(told):
    found = told[an_edge_more]
    assert "**1** to update, **1** to create" in counts(found)
    assert NEW in found.comment
    assert found.approval.stdout == "stateful=false\n"


def test_an_edge_less_is_a_deletion_that_is_no_loss_of_data(told):
    found = told[an_edge_less]
    assert "**1** to delete, **1** to update" in counts(found)
    assert "<b>delete</b> RandomPassword" in found.comment
    assert found.approval.stdout == "stateful=false\n"


def test_a_file_with_a_hash_in_its_name_is_replaced_and_shown_as_its_lines(told):
    found = told[larger_items]
    assert "Replaced only by new content under a new name: 1." in counts(found)
    assert "<b>new content</b> of ConfigMap" in found.comment
    assert "max_item_size: 2MiB" in found.comment
    assert "Look twice" not in found.comment
    assert found.approval.stdout == "stateful=false\n"


def test_replaced_claims_come_first_and_need_approval(told):
    found = told[other_volumes]
    careful = found.comment.partition("#### Look twice")[2].partition("\n#### ")[0]
    assert "**replace** PersistentVolumeClaim" in careful
    assert "spec.storageClassName" in careful
    assert found.approval.stdout == "stateful=true\n"
    assert "replace, because of spec.storageClassName" in found.approval.stderr


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (a_bad_setting, "observability:queryFrontend.logQueriesLongerThan"),
        (an_open_door, "policy only-the-gateway-faces-the-world (mandatory) on kubernetes:core/v1:Service"),
    ],
)
def test_a_failed_preview_says_why_and_approves_nothing(told, case, said):
    found = told[case]
    assert found.code != 0
    assert "**failed**" in found.comment
    assert said in found.comment
    assert "Traceback" not in found.comment
    assert (found.approval.returncode, found.approval.stdout) == (1, "")


def test_no_comment_has_a_credential(told, machine):
    tokens = [edge["token"] for edge in stacks.outputs(machine, REGION, secrets=True)["edges"].values()]
    assert tokens
    assert not [token for token in tokens for found in told.values() if token in found.comment]
