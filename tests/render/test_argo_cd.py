"""What Argo CD is told."""

import json
import re
from copy import deepcopy

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from render import argo_cd

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "1", "x`y", "{{ .edge }}", "}}"])
KEYS = st.sampled_from("abc")
VALUES = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3)),
    max_size=3,
)
#: A filter as long as one that names every metric of a dashboard collection.
FILTER = "|".join(f"some_subsystem_metric_{number}_total" for number in range(150))


def application_set(edges: dict[str, dict]) -> dict:
    texts = {edge: yaml.safe_dump(values) for edge, values in edges.items()}
    return argo_cd.application_set("agents", texts, project="default", namespace="monitoring")


def elements(spec: dict) -> list[dict]:
    return spec["generators"][0]["matrix"]["generators"][0]["list"]["elements"]


def bases(spec: dict) -> dict[str, dict]:
    (text,) = re.findall("`(.*)`", spec["template"]["spec"]["source"]["helm"]["values"], re.DOTALL)
    assert "`" not in text, "it would end Go's raw string"
    return json.loads(text)


def merged(base: dict, own: dict) -> dict:
    """As mergeOverwrite does it, and failing where it would have to decide between two."""
    result = deepcopy(base)
    for key, item in own.items():
        if key in base:
            assert isinstance(item, dict)
            assert isinstance(base[key], dict)
            item = merged(base[key], item)
        result[key] = item
    return result


def agent(edge: str, profile: str) -> dict:
    """Values as they may be: an edge's own, a profile's, and what all have."""
    relabeling = [{"sourceLabels": ["__name__"], "regex": f"{profile}|{FILTER}", "action": "keep"}]
    return {
        "grafana": {"enabled": False},
        "alertmanager": {"enabled": False},
        "defaultRules": {"create": False},
        "prometheus": {
            "agentMode": True,
            "prometheusSpec": {
                "replicas": 2 if edge.endswith("0") else 1,
                "scrapeInterval": "30s",
                "externalLabels": {"cluster": edge, "region": "apac", "site": f"plant-{edge}", "team": "factories"},
                "remoteWrite": [{"url": "https://metrics.apac.example/push", "writeRelabelConfigs": relabeling}],
                "resources": {"requests": {"cpu": "200m", "memory": f"{len(edge)}00Mi"}},
                "secrets": ["observability-remote-write"],
            },
        },
    }


@example({"eu-1": {"a": True}, "eu-2": {"a": 1}})
@example({"eu-1": {"a": "x`y"}})
@given(st.dictionaries(st.sampled_from(["eu-1", "eu-2", "eu-3", "eu-4"]), VALUES, min_size=1))
def test_the_base_and_an_edges_own_values_are_its_values_again_and_have_no_leaf_in_common(edges):
    spec = application_set(edges)
    found = {each["edge"]: merged(bases(spec)[each["base"]], each["own"]) for each in elements(spec)}
    # As JSON: 1 is neither True nor 1.0 for the chart.
    assert json.dumps(found, sort_keys=True) == json.dumps(edges, sort_keys=True)


def test_what_edges_have_in_common_is_written_once_for_each_profile():
    edges = {f"apac-{number}": agent(f"apac-{number}", "lean" if number % 3 else "default") for number in range(30)}
    text = json.dumps(application_set(edges))
    assert text.count(FILTER) == 2
    assert text.count("metrics.apac.example") == 2


def test_500_edges_with_filters_of_5_kb_in_3_profiles_fit_four_times():
    profiles = ("lean", "default", "everything")
    edges = {f"apac-{number:03}": agent(f"apac-{number:03}", profiles[number % 3]) for number in range(500)}
    assert len(yaml.safe_dump(edges["apac-001"])) > 5000
    assert len(json.dumps(application_set(edges))) * 4 < argo_cd.MAX_SET_BYTES


def test_an_application_set_that_is_too_large_is_refused_with_the_way_out():
    # Nothing in common: each edge has a filter of its own.
    edges = {f"apac-{number}": agent(f"apac-{number}", f"only-{number}") for number in range(500)}
    with pytest.raises(ValueError, match=r"500 edges has \d{7} bytes.*etcd.*generator: applications"):
        application_set(edges)


def test_a_cluster_secret_holds_the_token_and_the_authority():
    secret = argo_cd.cluster("eu-1", "https://eu-1.example:6443", "Y2E=", 'a-"token"')
    assert json.loads(secret["config"]) == {"bearerToken": 'a-"token"', "tlsClientConfig": {"caData": "Y2E="}}
    assert (secret["name"], secret["server"]) == ("eu-1", "https://eu-1.example:6443")


def test_both_generators_make_the_same_application():
    own = argo_cd.application("eu-1", "eu-1", values="{}", project="default", namespace="monitoring")
    template = application_set({"eu-1": {}})["template"]
    generated = json.loads(json.dumps(template["spec"]).replace("{{ .name }}", "eu-1"))
    generated["source"]["helm"]["values"] = "{}"
    assert generated == own["spec"]
    assert json.loads(json.dumps(template["metadata"]["labels"]).replace("{{ .edge }}", "eu-1")) == own["labels"]
