"""Proves, before anything is changed, that cluster and AWS account are those that the stack file is meant for."""

import pulumi
import pulumi_kubernetes as k8s

import stack_file
from settings import GlobalSettings, RegionSettings
from settings.base import GET_CLUSTER_ID, UNCHECKED
from settings.errors import PREFIX

#: It is there in every cluster, and nobody can make it anew: its UID is the accepted identity of a cluster.
NAMESPACE = "kube-system"
_ACCOUNT = "aws:index/getCallerIdentity:getCallerIdentity"


async def prove(settings: RegionSettings | GlobalSettings) -> None:
    """pulumi.RunError, which the CLI prints without a stack trace, says what is not the stack's own."""
    await _cluster(settings.cluster_id)
    # The global stack has nothing in AWS.
    if isinstance(settings, RegionSettings) and not pulumi.Config("aws").get_bool("skipRequestingAccountId"):
        await _account()


async def _cluster(wanted: str) -> None:
    context = pulumi.Config("kubernetes").require("context")
    if wanted == UNCHECKED:
        pulumi.warn(
            f"{PREFIX}clusterId is {UNCHECKED}: whatever cluster the context {context} leads to is changed. Set it to "
            f"what `{_command(context)}` prints"
        )
        return
    # A provider for this alone. A `destroy` takes the cluster that is recorded with the other one, so that must not
    # hear of a context that is not proven. By an identifier that never changes it is never replaced.
    provider = k8s.Provider(f"{NAMESPACE}-reader", context=context, cluster_identifier=NAMESPACE)
    namespace = k8s.core.v1.Namespace.get(NAMESPACE, NAMESPACE, opts=pulumi.ResourceOptions(provider=provider))
    found = await namespace.metadata["uid"].future()
    if found != wanted:
        raise pulumi.RunError(
            f"the stack {pulumi.get_stack()} is for another cluster, and nothing was changed: the context {context} "
            f"(kubernetes:context) leads to a cluster whose namespace {NAMESPACE} has the UID {found}, and "
            f"{PREFIX}clusterId is {wanted}. Set the context to the stack's own cluster. If that was made anew or the "
            f"stack shall move, do what docs/safety.md says of that before you change {PREFIX}clusterId"
        )


async def _account() -> None:
    """Asks AWS who we are: to answer, the provider has to start, and it refuses accounts that it may not use."""
    allowed = ", ".join(stack_file.account_ids())
    try:
        await pulumi.runtime.invoke_async(_ACCOUNT, {})
    except Exception as error:
        raise pulumi.RunError(
            f"the AWS account of the stack {pulumi.get_stack()} cannot be proven to be one of aws:allowedAccountIds "
            f"({allowed}), and nothing was changed: {error}. Take the credentials of that account"
        ) from None


def _command(context: str) -> str:
    return GET_CLUSTER_ID.replace("<context>", context)
