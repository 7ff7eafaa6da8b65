"""Nothing is registered before cluster and account have proven to be the stack's own."""

from unittest import mock

import pulumi
import pytest

from review.engine import Mocks
from tests.engine import Recording, run_main, stack_config
from tests.regions import CLUSTER_ID, GLOBAL, REGION, configured, region
from tests.stacks import built

OTHER = "deadbeef-0000-4000-8000-000000000000"
#: What reads the cluster's identity.
READERS = ["kube-system-reader", "kube-system"]


def refused(**more) -> tuple[Recording, str]:
    recording = Recording()
    with pytest.raises(pulumi.RunError) as raised:
        run_main("eu", configured(REGION), recording=recording, **more)
    return recording, str(raised.value)


def test_another_cluster_is_refused_with_stack_context_both_uids_and_what_to_do():
    recording, message = refused(cluster_id=OTHER)
    assert [found.name for found in recording.resources] == READERS
    assert message == (
        "the stack eu is for another cluster, and nothing was changed: the context c (kubernetes:context) leads to a "
        f"cluster whose namespace kube-system has the UID {OTHER}, and observability:clusterId is {CLUSTER_ID}. Set "
        "the context to the stack's own cluster. If that was made anew or the stack shall move, do what docs/safety.md "
        "says of that before you change observability:clusterId"
    )


def test_the_global_stack_is_refused_in_another_cluster_too():
    config = configured(GLOBAL)
    recording = Recording()
    with pytest.raises(pulumi.RunError, match="the stack global is for another cluster"):
        run_main("global", config, stack_outputs=built.stack_outputs(), cluster_id=OTHER, recording=recording)
    assert [found.name for found in recording.resources] == READERS


def test_an_account_that_the_provider_refuses_stops_the_stack_before_anything_is_made():
    answer = ({}, [("", "AWS account ID not allowed: 222222222222")])
    with mock.patch.object(Mocks, "call", return_value=answer):
        recording, message = refused()
    assert [found.name for found in recording.resources] == READERS
    assert (
        "the AWS account of the stack eu cannot be proven to be one of aws:allowedAccountIds (111111111111)" in message
    )
    assert "AWS account ID not allowed: 222222222222" in message


def test_nobody_is_asked_for_the_account_of_an_emulator_or_of_the_global_stack():
    outputs = built.stack_outputs()
    with mock.patch.object(Mocks, "call", side_effect=AssertionError):
        run_main("eu", {**configured(REGION), "aws:skipRequestingAccountId": "true"})
        config = configured(GLOBAL)
        run_main("global", config, stack_outputs=outputs)


def test_an_unchecked_cluster_is_not_read_and_told_of():
    with mock.patch.object(pulumi, "warn") as warn:
        made = run_main("eu", configured(region("clusterId", "unchecked")), cluster_id=OTHER)
    assert not [found for found in made.resources if found.read]
    (told,) = [call.args[0] for call in warn.call_args_list if "clusterId" in call.args[0]]
    assert "whatever cluster the context c leads to is changed" in told
    assert "`kubectl --context c get namespace kube-system" in told


@pytest.mark.parametrize("stack", built.STACKS)
def test_the_cluster_is_read_by_another_provider_than_it_is_changed_by(stack):
    """A context that is refused must not be recorded with the provider that a destroy goes by."""
    found = built.build(stack).resources
    (reads,) = [each for each in found if each.read and each.name == "kube-system"]
    assert {each.provider for each in built.build(stack).kubernetes()}.isdisjoint({reads.provider})
    (changes,) = [
        each.inputs for each in found if each.type == "pulumi:providers:kubernetes" and each.name == "cluster"
    ]
    assert changes["clusterIdentifier"] == stack_config(f"Pulumi.{stack}.yaml")["observability:clusterId"]


@pytest.mark.parametrize(("stack", "folder"), built.ALL, ids=built.IDS)
def test_the_namespace_and_the_buckets_are_protected_in_production_and_nothing_else(stack, folder):
    made = built.build(stack, folder)
    protected = {found.urn for found in made.resources if found.protected}
    wanted = [found for found in [*made.of("Namespace"), *made.of("Bucket")] if not found.read]
    assert protected == (set() if folder else {found.urn for found in wanted})
