"""What production would see, component by component. After a wanted change: `make golden`, then read the diff."""

import pytest

from tests import golden
from tests.stacks import built

REGION = {
    "stack": 6,
    "identity": 2,
    "metrics": 18,
    "traces": 10,
    "receive": 15,
    "gateway": 9,
    "argo-cd": 2,
    "compactor": 6,
    "store-cache": 5,
    "store": 9,
    "prometheus": 11,
    "query": 6,
    "query-cache": 5,
    "query-frontend": 7,
    "ruler": 7,
    "grafana": 11,
    "tempo": 9,
    "network": 15,
}
COUNTS = {"apac": REGION, "eu": REGION, "global": {"stack": 4, "identity": 2, "query": 6, "grafana": 11, "network": 4}}


@pytest.mark.parametrize("stack", built.STACKS)
def test_a_stack_registers_what_its_golden_files_show(stack, snapshot):
    snapshot = snapshot.use_extension(golden.GoldenFile)
    for component, resources in golden.components(built.build(stack)).items():
        assert golden.document(resources) == snapshot(name=f"{stack}/{component}")


@pytest.mark.parametrize("stack", built.STACKS)
def test_a_stack_has_as_many_resources_as_were_counted_by_hand(stack):
    groups = golden.components(built.build(stack))
    assert {name: len(resources) for name, resources in groups.items()} == COUNTS[stack]
    references = built.build(stack).of("StackReference")
    assert sum(map(len, groups.values())) + len(references) == len(built.build(stack).resources), (
        "a resource has a parent that no golden file shows"
    )
