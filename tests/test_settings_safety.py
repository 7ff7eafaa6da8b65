"""What is said of settings that keep a stack file from the wrong cluster and the wrong account."""

import pulumi
import pytest

import stack_file
from tests.engine import build, stack_config
from tests.regions import CLUSTER_ID, GLOBAL, REGION, configured, problem, problems, region


def failure(config: dict, stack: str = "eu") -> str:
    with pytest.raises(pulumi.RunError) as raised:
        build(stack_file.load, stack=stack, config=config)
    return str(raised.value)


@pytest.mark.parametrize("base", [REGION, GLOBAL], ids=["region", "global"])
def test_a_stack_without_its_clusters_identity_is_told_how_to_get_it(base):
    (found,) = problems({key: value for key, value in base.items() if key != "clusterId"})
    assert found.startswith("observability:clusterId is missing: required: the cluster that the stack is for")
    assert "`kubectl --context <context> get namespace kube-system -o jsonpath={.metadata.uid}`" in found


@pytest.mark.parametrize("value", ["eu", "Unchecked", CLUSTER_ID.upper(), f"{CLUSTER_ID}0", CLUSTER_ID[:-1]])
def test_an_identity_is_a_uid_or_the_word_unchecked(value):
    found = problem("clusterId", value)
    assert found.startswith(f"observability:clusterId is {value!r}: must be a UID such as ")
    assert "or unchecked, because it is compared with what `kubectl" in found
    assert stack_file.parse(region("clusterId", "unchecked")).cluster_id == "unchecked"


def test_what_holds_data_is_protected_unless_it_is_said():
    for base in (REGION, GLOBAL):
        assert stack_file.parse(base).protect is True
        assert stack_file.parse({**base, "protect": "false"}).protect is False
    assert "must be a valid boolean" in problem("protect", "maybe")


@pytest.mark.parametrize(
    "written",
    [["111111111111"], [111111111111], '["111111111111"]', "[111111111111]", ["012345678901", "222222222222"]],
    ids=["list", "list without quotes", "JSON text", "JSON text without quotes", "two"],
)
def test_an_account_may_be_written_in_any_form_of_a_list(written):
    config = {**configured(REGION), "aws:allowedAccountIds": written}
    ids = []
    build(lambda: (stack_file.load(), ids.extend(stack_file.account_ids())), stack="eu", config=config)
    assert {len(one) for one in ids} == {12}


@pytest.mark.parametrize("written", [None, [], "[]", ""])
def test_a_region_needs_the_account_that_it_is_for(written):
    config = configured(REGION)
    config["aws:allowedAccountIds"] = written
    if written is None:
        del config["aws:allowedAccountIds"]
    message = failure(config)
    assert "aws:allowedAccountIds is missing: must be a list with the id of the stack's AWS account" in message
    assert "because whatever account the credentials at hand are of would be used otherwise" in message


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ([12345678901], "[0] is '12345678901'"),
        # What YAML makes of 012345670123.
        (["111111111111", 1402433619], "[1] is '1402433619'"),
        (["1111-1111-1111"], "[0] is '1111-1111-1111'"),
        ([None], "[0] is 'None'"),
    ],
)
def test_an_account_that_is_not_12_digits_is_named(written, shown):
    message = failure({**configured(REGION), "aws:allowedAccountIds": written})
    assert f"aws:allowedAccountIds{shown}: must be 12 digits in quotes, because YAML reads a number" in message


def test_an_account_without_its_list_is_refused():
    message = failure({**configured(REGION), "aws:allowedAccountIds": "111111111111"})
    assert "aws:allowedAccountIds is '111111111111': must be a list, because" in message


def test_an_emulator_has_no_account():
    config = {**configured(REGION), "aws:skipRequestingAccountId": "true"}
    del config["aws:allowedAccountIds"]
    build(stack_file.load, stack="eu", config=config)


def test_the_global_stacks_file_is_refused_in_the_stack_of_a_region():
    config = configured(GLOBAL)
    message = failure(config, stack="apac")
    assert "observability:kind is 'global': must be region in the stack apac, because it is one of" in message
    assert "all that the region has would be deleted" in message


def test_the_production_stacks_are_for_clusters_of_their_own():
    ids = {stack_config(f"Pulumi.{stack}.yaml")["observability:clusterId"] for stack in ("apac", "eu", "global")}
    assert len(ids) == 3
    assert "unchecked" not in ids
