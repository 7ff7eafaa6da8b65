"""Deploys the stack that is selected: a region, or the Query over all regions."""

import pulumi

import contract
import stack_file
from settings import GlobalSettings, RegionSettings
from stacks.global_ import GlobalStack
from stacks.regional import RegionalStack

match stack_file.load():
    case RegionSettings() as region:
        stack = RegionalStack(pulumi.get_stack(), region)
        pulumi.export(contract.OUTPUT, stack.outputs)
        pulumi.export("edges", stack.edges)
    case GlobalSettings() as everywhere:
        pulumi.export("global", GlobalStack(pulumi.get_stack(), everywhere).outputs)
