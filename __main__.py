"""Deploys the stack that is selected: a region, or the Query and the Grafana over all regions."""

import pulumi

import contract
import stack_file
from settings import GlobalSettings, RegionSettings
from stacks import identity
from stacks.global_ import GlobalStack
from stacks.regional import RegionalStack


async def main() -> None:
    """Registers nothing before cluster and account have proven to be the stack's own."""
    settings = stack_file.load()
    await identity.prove(settings)
    match settings:
        case RegionSettings() as region:
            stack = RegionalStack(pulumi.get_stack(), region)
            pulumi.export(contract.OUTPUT, stack.outputs)
            pulumi.export("edges", stack.edges)
        case GlobalSettings() as everywhere:
            stack = GlobalStack(pulumi.get_stack(), everywhere)
            pulumi.export("global", stack.outputs)
    if stack.grafana_admin_password is not None:
        pulumi.export("grafana_admin_password", stack.grafana_admin_password)


pulumi.run(main)
