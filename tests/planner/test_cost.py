"""The bill of a document."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from planner import cost
from planner.cost import GIBI, Usage
from tests.engine import ROOT

GIVEN = {
    "source": "test", "currency": "EUR", "cpu": 10, "memoryGiB": 2, "volumeGiB": {"default": 1, "fast": 3},
    "loadBalancer": 20,
}  # fmt: skip
PRICES = cost.Prices.model_validate(GIVEN)


def workload(replicas: object = 3, **requests: object) -> dict:
    containers = [{"resources": {"requests": requests}}, {"resources": {"requests": {"cpu": "250m"}}}, {}]
    before = [{"resources": {"requests": {"cpu": "8"}}}]
    template = {"spec": {"containers": containers, "initContainers": before}}
    return {"metadata": {"name": "x"}, "spec": {"replicas": replicas, "template": template}}


def claim(size: str, storage_class: str | None = None) -> dict:
    named = {"storageClassName": storage_class} if storage_class else {}
    return {"metadata": {"name": "data-0"}, "spec": {"resources": {"requests": {"storage": size}}, **named}}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_a_workload_costs_what_its_containers_request_times_its_pods(kind):
    found = cost.usage(kind, workload(cpu="750m", memory="2Gi"))
    assert (found.cpu, found.memory) == (3, 6 * GIBI)
    assert cost.monthly(found, PRICES) == {"CPU": 30, "memory": 12, "volumes": 0, "load balancers": 0}


def test_without_a_number_there_is_one_pod():
    document = workload(cpu="1")
    del document["spec"]["replicas"]
    assert cost.usage("Deployment", document).cpu == 1.25


def test_a_claim_costs_by_its_class_and_an_unknown_class_like_the_default():
    for name, price in ((None, 1), ("fast", 3), ("other", 1)):
        assert cost.monthly(cost.usage("PersistentVolumeClaim", claim("50Gi", name)), PRICES)["volumes"] == 50 * price


def test_volumes_of_a_stateful_set_count_once_as_the_claims_that_they_are():
    document = workload()
    document["spec"]["volumeClaimTemplates"] = [claim("50Gi")]
    assert cost.usage("StatefulSet", document).volumes == {}


def test_only_a_load_balancer_is_paid_for_as_one():
    assert cost.usage("Service", {"spec": {"type": "LoadBalancer"}}) == Usage(load_balancers=1)
    assert cost.usage("Service", {"spec": {"type": "ClusterIP"}}) == Usage()
    assert cost.usage("ConfigMap", {"spec": {"type": "LoadBalancer"}}) == Usage()


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("Deployment", workload("[known after the update]")),
        ("StatefulSet", workload(cpu="[known after the update]")),
        ("PersistentVolumeClaim", claim("[known after the update]")),
    ],
)
def test_a_size_that_is_not_known_yet_is_named_and_not_guessed(kind, document):
    found = cost.usage(kind, document)
    assert found == Usage(unknown=(f"{kind} {document['metadata']['name']}",))


AMOUNTS = st.integers(-1000, 1000)
USAGES = st.builds(
    Usage, AMOUNTS, AMOUNTS, st.dictionaries(st.sampled_from("ab"), AMOUNTS.filter(bool)), st.integers(-9, 9)
)


@given(a=USAGES, b=USAGES)
def test_differences_are_usages(a, b):
    assert a + b - b == a
    assert a - a == Usage()
    total = sum(cost.monthly(a + b, PRICES).values())
    assert total == pytest.approx(sum(cost.monthly(a, PRICES).values()) + sum(cost.monthly(b, PRICES).values()))


@pytest.mark.parametrize("wrong", [{"cpu": -1}, {"cpu": float("nan")}, {"memory": 1}, {"currency": None}])
def test_a_price_list_with_a_mistake_is_refused(wrong):
    with pytest.raises(ValidationError):
        cost.Prices.model_validate({**GIVEN, **wrong})


def test_the_example_prices_are_a_price_list_and_say_that_they_are_examples():
    found = cost.Prices.model_validate(yaml.safe_load((ROOT / "planner" / "prices.yaml").read_text()))
    assert "unverified examples" in found.source
    assert cost.DEFAULT in found.volume_gib
