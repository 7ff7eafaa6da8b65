"""QueryFrontend."""

import json

import pytest

from components import QueryFrontend
from tests.components.args import MEMCACHED_CACHE, QUERY_FRONTEND
from tests.engine import build, flag

PASSWORD = "a-password"
REDIS = {
    "kind": "redis",
    "address": "redis.example:6379",
    "max_item_size": "5Mi",
    "username": "thanos",
    "password": PASSWORD,
    "tls": True,
}


def frontend(**changes):
    return build(lambda: QueryFrontend("eu-query-frontend", {**QUERY_FRONTEND, **changes}))


def pod_spec(recording) -> dict:
    return recording.one("Deployment").inputs["spec"]["template"]["spec"]


def test_ranges_and_labels_are_both_cached():
    (container,) = pod_spec(frontend())["containers"]
    document = flag(container, "--query-range.response-cache-config-file")
    assert flag(container, "--labels.response-cache-config-file") == document
    (mounted,) = [mount for mount in container["volumeMounts"] if document.startswith(mount["mountPath"] + "/")]
    (volume,) = [volume for volume in pod_spec(frontend())["volumes"] if volume["name"] == mounted["name"]]
    (made,) = [
        found for found in frontend().of("ConfigMap") if found.inputs["metadata"]["name"] == volume["configMap"]["name"]
    ]
    assert document.removeprefix(mounted["mountPath"] + "/") in made.inputs["data"]


@pytest.mark.parametrize("cache", [{**MEMCACHED_CACHE, "max_item_size": "8Mi"}, REDIS])
def test_another_cache_rolls_the_pods(cache):
    assert pod_spec(frontend())["volumes"] == pod_spec(frontend())["volumes"]
    assert pod_spec(frontend(cache=cache))["volumes"] != pod_spec(frontend())["volumes"]


def test_the_password_of_redis_is_in_a_secret_and_nowhere_else():
    recording = frontend(cache=REDIS)
    secret = recording.one("Secret")
    assert secret.secrets == ("stringData",)
    (document,) = secret.inputs["stringData"].values()
    assert PASSWORD in document
    assert recording.one("RandomId").secrets == ("keepers",)
    for found in recording.resources:
        if found.kind not in ("Secret", "RandomId"):
            assert PASSWORD not in json.dumps(found.inputs), found.name


def test_a_password_that_is_not_used_is_written_nowhere():
    recording = frontend(cache={**MEMCACHED_CACHE, "password": PASSWORD})
    assert not any(PASSWORD in json.dumps(found.inputs) for found in recording.resources)


def test_it_is_not_killed_while_it_waits_for_a_query_that_starts():
    (container,) = pod_spec(frontend())["containers"]
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 600
    assert container["livenessProbe"]["httpGet"]["path"] == "/-/healthy", "a Query that is away would restart it"


def test_it_is_reached_by_its_service_or_its_load_balancer():
    def url(**changes):
        registered = frontend(**changes).outputs.items()
        (outputs,) = (found for urn, found in registered if urn.endswith("::eu-query-frontend"))
        return outputs["http_url"]

    assert url() == "http://eu-query-frontend.observability.svc:10902"
    balancer = {"hostname": "query.example.internal", "annotations": {}}
    assert url(load_balancer=balancer) == "http://query.example.internal:10902"
