"""What two previews tell of changes by hand. Those in tests/data/drift are of the engine itself (3.246), shortened."""

import json
from pathlib import Path

import pytest

from ops import digest, drift, drifted
from ops.digest import MISSING, SECRET, UNKNOWN
from ops.drift_report import LIMIT, Outcome, headline, lines, markdown
from ops.drifted import Change, Difference, Found, Resource
from ops.errors import OperationError
from ops.stack import Stack

RECORDED = Path(__file__).parent.parent / "data" / "drift"
IN_SYNC = Found((), ())
ROUTER = Resource("urn:router", "Deployment", "apac/router", "apac / apac-receive")
SCALED = Change(ROUTER, "changed", (Difference("spec.replicas", 2, 5),))
DRIFTED, UNAPPLIED = Found((SCALED,), ()), Found((SCALED,), (Change(ROUTER, "update"),))


def recorded(name: str) -> Found:
    plain, refreshed = (json.loads((RECORDED / f"{name}-{kind}.json").read_text()) for kind in ("plain", "refreshed"))
    return drifted.compare(plain, refreshed)


def told(changes: tuple[Change, ...]) -> dict[str, tuple[str, list[str]]]:
    return {
        f"{change.resource.kind} {change.resource.place.rpartition('/')[2]}": (
            change.what,
            [difference.path for difference in change.differences],
        )
        for change in changes
    }


# What is drift.


def test_what_was_changed_by_hand_is_drift_and_what_is_not_applied_is_none():
    found = recorded("by-hand")
    bucket = "blocks-of-apac"
    assert told(found.drifted) == {
        "Deployment router": ("changed", ["spec.replicas"]),
        "ConfigMap ring": ("changed", ['data["ring.json"]']),
        "Secret token": ("changed", ["stringData.token"]),
        "Service router": ("changed", ["spec.ports[0].name", "spec.ports[0].port", "spec.ports[1]"]),
        "NetworkPolicy wall": ("deleted", []),
        f"Bucket {bucket}": ("changed", ["tags"]),
        "Bucket spare-of-apac": ("deleted", []),
        f"BucketServerSideEncryptionConfiguration {bucket}": ("deleted", []),
        f"BucketPublicAccessBlock {bucket}": ("changed", ["blockPublicPolicy", "restrictPublicBuckets"]),
        f"BucketLifecycleConfiguration {bucket}": ("changed", ["rules"]),
        f"BucketPolicy {bucket}": ("changed", ["policy"]),
    }
    assert told(found.unapplied) == {"Deployment router": ("update", ["spec.replicas"])}


def test_wanted_and_found_values_are_those_of_the_program_and_of_what_is_there():
    differences = {
        (change.resource.kind, difference.path): (difference.wanted, difference.found)
        for change in recorded("by-hand").drifted
        for difference in change.differences
    }
    assert differences["Deployment", "spec.replicas"] == (3, 5)
    assert differences["ConfigMap", 'data["ring.json"]'] == ("[one]\n[two]\n", "[one]\n[three]\n")
    assert differences["Secret", "stringData.token"] == (SECRET, SECRET)
    assert differences["Service", "spec.ports[1]"][1] is MISSING
    assert differences["Bucket", "tags"] == ({"purpose": "metrics"}, {"purpose": "traces"})


def test_a_component_is_named_from_the_stack_down():
    components = {change.resource.kind: change.resource.component for change in recorded("by-hand").drifted}
    assert components["Deployment"] == "apac / apac-receive"
    assert components["Bucket"] == "apac / apac-metrics"


def test_what_only_follows_from_a_bucket_that_is_gone_is_no_drift():
    """A role's policy names the bucket by its ARN, which is not known before the bucket is made again."""
    found = recorded("bucket-gone")
    kinds = {change.resource.kind for change in found.drifted}
    assert "RolePolicy" not in kinds
    assert {"Bucket", "BucketPolicy", "BucketLifecycleConfiguration"} <= kinds
    assert {change.what for change in found.drifted} == {"deleted"}
    assert all("empty" in change.note for change in found.drifted if change.resource.kind == "Bucket")
    assert told(found.unapplied) == {"Role consumer": ("update", ["description"])}


def test_a_stack_in_sync_has_neither():
    assert recorded("in-sync") == IN_SYNC


def step(op: str, urn: str = "ns::p::kubernetes:apps/v1:StatefulSet::x", **rest) -> dict:
    return {"op": op, "urn": f"urn:pulumi:{urn}", **rest}


def inputs(**values) -> dict:
    return {"inputs": values}


def test_a_value_that_the_program_changes_is_drift_only_if_somebody_changed_it_too():
    plain = step("update", detailedDiff={"a": {}, "b": {}}, oldState=inputs(a=1, b=1), newState=inputs(a=2, b=2))
    looked = step("update", detailedDiff={"a": {}, "b": {}}, oldState=inputs(a=1, b=7), newState=inputs(a=2, b=2))
    found = drifted.compare({"steps": [plain]}, {"steps": [step("refresh", oldState=inputs(a=1, b=1)), looked]})
    assert told(found.drifted) == {"StatefulSet x": ("changed", ["b"])}
    assert told(found.unapplied) == {"StatefulSet x": ("update", ["a", "b"])}


def test_a_new_resource_of_the_program_is_not_one_that_was_deleted():
    made = step("create", newState=inputs(a=1))
    found = drifted.compare({"steps": [made]}, {"steps": [made]})
    assert (found.drifted, [change.what for change in found.unapplied]) == ((), ["create"])


def test_a_replacement_is_one_change_and_is_announced():
    states = {"oldState": inputs(serviceName="theirs"), "newState": inputs(serviceName="ours")}
    looked = [
        step("delete-replaced", **states),
        step("replace", detailedDiff={"serviceName": {"kind": "update-replace"}}, **states),
        step("create-replacement", **states),
    ]
    found = drifted.compare({"steps": []}, {"steps": [step("refresh", oldState=inputs()), *looked]})
    (change,) = found.drifted
    assert change.differences == (Difference("serviceName", "ours", "theirs"),)
    assert "deleted, and made anew" in "\n".join(lines(found))


def test_nothing_of_a_secret_is_shown_even_if_the_engine_would():
    looked = step(
        "update", "ns::p::kubernetes:core/v1:Secret::x", detailedDiff={"metadata.annotations.a": {}},
        oldState=inputs(metadata={"annotations": {"a": "of-theirs"}}), newState=inputs(metadata={}),
    )  # fmt: skip
    found = drifted.compare({"steps": []}, {"steps": [looked]})
    for text in ("\n".join(lines(found)), markdown([Outcome("apac", found)])):
        assert "metadata.annotations.a" in text
        assert "of-theirs" not in text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.ports[1].name", "grpc"),
        ('metadata.labels["app.kubernetes.io/name"]', "router"),
        ('["odd.key"]', 1),
        ("spec.ports[2]", MISSING),
        ("spec.ports.name", MISSING),
        ("secret.key[0]", SECRET),
        ("arn", "of the outputs"),
        ("none", MISSING),
    ],
)
def test_a_value_is_found_by_the_engines_path(path, expected):
    values = {
        "spec": {"ports": [{}, {"name": "grpc"}]},
        "metadata": {"labels": {"app.kubernetes.io/name": "router"}},
        "odd.key": 1,
        "secret": SECRET,
        "none": None,
    }
    assert digest.value({"inputs": values, "outputs": {"arn": "of the outputs"}}, path) == expected


@pytest.mark.parametrize("shared", [["tagsAll"], ['tagsAll["owner"]']])
def test_tags_that_all_resources_share_are_told_only_if_they_alone_differ(shared):
    assert digest.paths(step("update", detailedDiff=dict.fromkeys(["tags", *shared]))) == ["tags"]
    assert digest.paths(step("update", detailedDiff=None, diffReasons=shared)) == shared


# Why it could not be looked at.


def test_a_failed_preview_is_told_in_the_engines_words():
    text = (RECORDED / "failed.json").read_text()
    with pytest.raises(OperationError) as error:
        digest.read(text, "", succeeded=False)
    said = str(error.value).splitlines()
    assert all("the emulator cannot be used: Could not connect" in line for line in said[:5])
    assert said[5].startswith("and ")
    assert not [line for line in said if "preview failed" in line]


@pytest.mark.parametrize(
    ("output", "errors", "said"),
    [
        ("", "error: no stack named 'nix' found\n", "no stack named 'nix' found"),
        ("", "", "said nothing"),
        ('{"steps": []}', "", "gave no reason"),
    ],
)
def test_a_preview_that_never_began_is_told_as_well(output, errors, said):
    with pytest.raises(OperationError, match=said):
        digest.read(output, errors, succeeded=False)


# The command.


class Scripted(Stack):
    """A stack of which the looks are given. An error in place of a look is raised."""

    def __init__(self, *looks: Found | BaseException, fails: bool = False) -> None:
        super().__init__("apac")
        object.__setattr__(self, "looks", list(looks))
        object.__setattr__(self, "ups", [])
        object.__setattr__(self, "fails", fails)

    def preview(self, *, refresh: bool = False):
        return refresh

    def up(self, *, refresh: bool = False) -> None:
        self.ups.append(refresh)
        if self.fails:
            raise OperationError("`pulumi up` failed: the reason stands above")

    def compared(self) -> Found:
        look = self.looks.pop(0)
        if isinstance(look, BaseException):
            raise look
        return look


@pytest.fixture
def run(monkeypatch, capsys):
    """Exit code and output of the command on a scripted stack."""

    def run(stack: Scripted, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(drift, "Stack", lambda _name, _file: stack)
        monkeypatch.setattr(drift, "compare", lambda plain, refreshed: stack.compared())
        code = drift.main(["--stack=apac", *arguments])
        return code, capsys.readouterr().out

    return run


def test_a_look_changes_nothing_and_its_code_tells_drift(run):
    for found, code in ((IN_SYNC, 0), (DRIFTED, 2), (Found((), UNAPPLIED.unapplied), 0)):
        stack = Scripted(found)
        shown = run(stack)
        assert (shown[0], "To repair apac: the same command with --repair" in shown[1]) == (code, code == 2)
        assert stack.ups == []


def test_a_repair_looks_first_and_again(run):
    stack = Scripted(DRIFTED, IN_SYNC)
    code, shown = run(stack, "--repair", "--yes")
    assert (code, stack.ups, stack.looks) == (0, [True], [])
    assert "repaired: Deployment apac/router" in shown
    assert "apac: in sync, 1 resource repaired" in shown


def test_what_is_still_drifted_after_a_repair_is_drift(run):
    code, shown = run(Scripted(DRIFTED, DRIFTED), "--repair", "--yes")
    assert code == 2
    assert "repaired: " not in shown


def test_a_repair_that_would_apply_more_is_refused(run):
    stack = Scripted(UNAPPLIED)
    code, shown = run(stack, "--repair", "--yes")
    assert (code, stack.ups) == (2, [])
    assert "bring it up, and repair it then: pulumi up -s apac" in shown
    assert "--repair" not in shown, "that was the command"


@pytest.mark.parametrize(("answer", "ups"), [("y", [True]), ("n", []), ("", []), (None, [])])
def test_nothing_is_repaired_unless_agreed_to(run, monkeypatch, answer, ups):
    def asked(_: str) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", asked)
    stack = Scripted(DRIFTED, IN_SYNC)
    assert run(stack, "--repair")[0] == (0 if ups else 2)
    assert stack.ups == ups


def test_a_stack_in_sync_is_not_brought_up(run):
    stack = Scripted(IN_SYNC)
    assert run(stack, "--repair", "--yes")[0] == 0
    assert stack.ups == []


def test_a_failure_is_neither_drift_nor_sync_and_says_what_to_do(run, tmp_path):
    report = tmp_path / "report.md"
    code, shown = run(Scripted(OperationError("no credentials")), f"--report={report}")
    assert code == 1
    assert "no credentials\nNothing was changed. `pulumi preview --refresh -s apac` shows all of it" in shown
    assert "## apac: could not be looked at" in report.read_text()

    code, shown = run(Scripted(DRIFTED, fails=True), "--repair", "--yes", f"--report={report}")
    assert code == 1
    assert "wanted `2`, found `5`" in report.read_text()
    assert "`pulumi up` failed" in report.read_text()


def test_ctrl_c_ends_it_with_the_way_on(run):
    code, shown = run(Scripted(KeyboardInterrupt()))
    assert code == 130
    assert "the same command looks again" in shown


def test_without_a_name_all_stacks_of_the_checkout_are_looked_at(monkeypatch, capsys):
    looked = []
    monkeypatch.setattr(drift, "treat", lambda stack, **_: looked.append(stack.name) or Outcome(stack.name, IN_SYNC))
    assert drift.main([]) == 0
    assert looked == ["apac", "eu", "global"]


@pytest.mark.parametrize("arguments", [["--config-file=x.yaml"], ["--bogus"], ["--report=/none/x"]])
def test_a_mistake_on_the_command_line_is_not_taken_for_drift(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        drift.main(arguments)
    assert ended.value.code == 1
    assert arguments[0].partition("=")[0] in capsys.readouterr().err


# The report.


def test_documents_are_told_by_the_lines_that_differ():
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*" * 90}]}
    other = json.dumps({**policy, "Version": "2008-10-17"}, indent=3)
    change = Change(ROUTER, "changed", (Difference("policy", json.dumps(policy), other),))
    assert lines(Found((change,), ()))[2:] == ["      -Version: '2008-10-17'", "      +Version: '2012-10-17'"]


def test_what_is_not_there_or_not_known_is_told_in_words():
    values = (Difference("a", 1, MISSING), Difference("b", f"arn:{UNKNOWN}", "x"))
    shown = "\n".join(lines(Found((Change(ROUTER, "changed", values),), ())))
    assert "a: wanted 1, found nothing" in shown
    assert "b: wanted what is known after the repair, found x" in shown


def test_a_report_that_is_too_long_is_cut_with_a_sentence_and_closed():
    text = "\n".join(f"line {number}" for number in range(500))
    many = tuple(Change(ROUTER, "changed", (Difference("data.text", text, "other\n"),)) for _ in range(400))
    report = markdown([Outcome("apac", Found(many, ()))])
    assert LIMIT - 1000 < len(report) < LIMIT
    assert "The report is cut here" in report
    assert report.count("````") % 2 == 0
    assert "… and 481 more lines" in report


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome("apac", error="x", failed=True), "apac: could not be looked at"),
        (Outcome("apac", IN_SYNC), "apac: in sync"),
        (Outcome("apac", DRIFTED), "apac: 1 resource drifted"),
        (Outcome("apac", DRIFTED, left=IN_SYNC), "apac: in sync, 1 resource repaired"),
    ],
)
def test_a_headline_says_it_in_one_line(outcome, said):
    assert headline(outcome) == said
