"""How a region's parts are wired."""

import json

import pytest
import yaml

from tests.engine import flag, run_main, stack_config
from tests.regions import VARIANTS, configured
from tests.stacks import built
from tests.tempo_schema import problems


def region(**object_store) -> dict:
    config = stack_config("Pulumi.eu.yaml")
    config["observability:objectStore"] |= object_store
    return config


def objstore(recording) -> dict:
    return yaml.safe_load(recording.one("Secret", "metrics").inputs["stringData"]["objstore.yml"])


def container(recording, kind, name="") -> dict:
    return recording.one(kind, name).inputs["spec"]["template"]["spec"]["containers"][0]


def test_the_ring_names_the_ingesters_pods():
    eu = built.build("eu")
    ring = json.loads(eu.one("ConfigMap", "hashring").inputs["data"]["hashrings.json"])[0]
    ingesters, service = eu.one("StatefulSet", "ingester"), eu.one("Service", "ingester")
    names = [f"{ingesters.inputs['metadata']['name']}-{index}" for index in range(ingesters.inputs["spec"]["replicas"])]
    assert ingesters.inputs["spec"]["serviceName"] == service.inputs["metadata"]["name"]
    host = f"{service.inputs['metadata']['name']}.{service.inputs['metadata']['namespace']}.svc"
    assert [endpoint["address"] for endpoint in ring["endpoints"]] == [f"{name}.{host}:10901" for name in names]


def test_routers_hash_as_the_ring_file_says():
    eu = built.build("eu")
    ring = json.loads(eu.one("ConfigMap", "hashring").inputs["data"]["hashrings.json"])[0]
    router = container(eu, "Deployment", "router")
    assert flag(router, "--receive.hashrings-algorithm") == ring["algorithm"] == "ketama"
    assert flag(router, "--receive.replication-factor") == "3"
    assert flag(router, "--receive.hashrings-file").startswith(router["volumeMounts"][0]["mountPath"])


def test_ingesters_see_no_ring_and_routers_keep_no_data():
    eu = built.build("eu")
    assert not any("hashring" in arg for arg in container(eu, "StatefulSet", "ingester")["args"]), (
        "it would forward instead of store"
    )
    router = container(eu, "Deployment", "router")
    assert not any(arg.startswith(("--tsdb", "--objstore", "--receive.local-endpoint")) for arg in router["args"])


def datasources(recording) -> dict[str, dict]:
    document = recording.one("ConfigMap", "grafana-config").inputs["data"]["datasources.yaml"]
    return {found["uid"]: found for found in yaml.safe_load(document)["datasources"]}


def test_grafana_asks_the_query_frontend_by_its_service_also_beside_a_load_balancer():
    config = region() | {"observability:queryFrontend": {"loadBalancer": {"hostname": "frontend.example"}}}
    for found in (built.build("eu"), run_main("eu", config)):
        assert datasources(found)["thanos"]["url"] == "http://eu-query-frontend.observability.svc:10902"


def test_grafana_knows_the_longest_interval_of_all_who_write():
    def interval(**settings):
        config = region() | {f"observability:{key}": value for key, value in settings.items()}
        return datasources(run_main("eu", config))["thanos"]["jsonData"]["timeInterval"]

    fast = {"prometheus": {"scrapeInterval": "15s"}}
    assert interval(**fast, edges=[{"name": "eu-1", "scrapeInterval": "10s"}]) == "15s"
    assert interval(**fast, edges=[{"name": "eu-1", "scrapeInterval": "2m"}, {"name": "eu-2"}]) == "120s"


def test_grafana_shows_the_alertmanagers_that_alerts_go_to():
    config = region() | {"observability:alerting": {"alertmanagers": ["http://am.example:9093"]}}
    assert datasources(run_main("eu", config))["alertmanager"]["url"] == "http://am.example:9093"


def test_without_grafana_nothing_of_it_is_made():
    found = run_main("eu", region() | {"observability:grafana": {"enabled": False}})
    assert not [resource.name for resource in found.resources if "grafana" in resource.name]
    assert found.exports["region"]["grafana_url"] == ""


def test_the_limits_of_an_edge_are_those_of_its_tenant_beside_those_of_others():
    config = region()
    config["observability:receive"] = {"tenancy": "perEdge", "limits": {"tenants": {"other": {"samples": 7}}}}
    config["observability:edges"] = [{"name": "eu-1", "limits": {"request": {"series": 9}}}, {"name": "eu-2"}]
    limits = run_main("eu", config).one("ConfigMap", "limits").inputs["data"]["limits.yaml"]
    tenants = yaml.safe_load(limits)["write"]["tenants"]
    assert set(tenants) == {"eu-1", "other"}
    assert tenants["eu-1"]["request"]["series_limit"] == 9
    assert tenants["other"]["request"]["samples_limit"] == 7


def test_query_finds_the_ingesters_by_their_service():
    eu = built.build("eu")
    endpoints = yaml.safe_load(eu.one("ConfigMap", "endpoints").inputs["data"]["endpoints.yaml"])["endpoints"]
    assert {"address": "dnssrv+_grpc._tcp.eu-receive-ingester.observability.svc"} in endpoints


def test_query_misses_a_store_that_is_away_and_forgets_what_has_other_copies():
    endpoints = yaml.safe_load(built.build("eu").one("ConfigMap", "endpoints").inputs["data"]["endpoints.yaml"])
    strict = {endpoint["address"]: endpoint.get("strict", False) for endpoint in endpoints["endpoints"]}
    assert strict == {
        "dnssrv+_grpc._tcp.eu-receive-ingester.observability.svc": False,
        "dnssrv+_grpc._tcp.eu-prometheus.observability.svc": False,
        "dnssrv+_grpc._tcp.eu-ruler.observability.svc": False,
        "eu-store-0.eu-store.observability.svc:10901": True,
        "eu-store-1.eu-store.observability.svc:10901": True,
    }


def test_a_ruler_is_asked_under_the_name_that_its_service_has():
    eu = built.build("eu")
    service = eu.one("Service", "ruler").inputs["metadata"]
    assert (
        f"_tcp.{service['name']}.{service['namespace']}.svc"
        in (eu.one("ConfigMap", "endpoints").inputs["data"]["endpoints.yaml"])
    )


def test_the_caches_of_stores_and_of_answers_are_two():
    eu = built.build("eu")
    used = {
        component: yaml.safe_load(next(iter(eu.one("ConfigMap", f"{component}-cache").inputs["data"].values())))
        for component in ("store", "query-frontend")
    }
    addresses = [document["config"]["addresses"] for document in used.values()]
    assert addresses[0] != addresses[1]
    assert {found.name for found in eu.of("StatefulSet", "cache")} == {"eu-store-cache", "eu-query-cache"}


def test_the_largest_item_is_the_same_for_memcached_and_its_clients():
    config = stack_config("Pulumi.eu.yaml")
    config["observability:caches"] = {"query": {"maxItemSize": "9Mi"}, "store": {"maxItemSize": "7Mi"}}
    eu = run_main("eu", config)
    for use, client, size in (("query", "query-frontend", 9), ("store", "store", 7)):
        assert f"-I{size}m" in container(eu, "StatefulSet", f"{use}-cache")["args"]
        documents = eu.one("ConfigMap", f"{client}-cache").inputs["data"].values()
        assert {yaml.safe_load(text)["config"]["max_item_size"] for text in documents} == {f"{size}MiB"}


def test_with_redis_no_memcached_runs_and_its_password_is_in_secrets_alone():
    config = stack_config("Pulumi.eu.yaml")
    config["observability:caches"] = {"backend": "redis", "redis": {"address": "redis.example.internal:6379"}}
    eu = run_main("eu", config, secrets={"observability:redisPassword": "hunter2"})
    assert not eu.of("StatefulSet", "cache")
    holders = {found.kind for found in eu.resources if "hunter2" in str(found.inputs)}
    assert holders == {"Secret", "RandomId"}
    assert all(found.secrets for found in eu.resources if "hunter2" in str(found.inputs))


def test_in_remote_write_mode_prometheus_has_no_sidecar_and_query_asks_none():
    config = stack_config("Pulumi.eu.yaml")
    config["observability:prometheus"] = {"mode": "remoteWrite"}
    eu = run_main("eu", config)
    assert "prometheus" not in eu.one("ConfigMap", "endpoints").inputs["data"]["endpoints.yaml"]
    written = yaml.safe_load(eu.one("ConfigMap", "prometheus-config").inputs["data"]["prometheus.yml"])
    assert written["remote_write"][0]["url"] == "http://eu-receive-router.observability.svc:19291/api/v1/receive"


def test_series_carry_region_and_replica():
    labels = [
        arg for arg in container(built.build("eu"), "StatefulSet", "ingester")["args"] if arg.startswith("--label=")
    ]
    assert labels == ['--label=region="eu"', '--label=receive_replica="$(POD_NAME)"']
    assert "--query.replica-label=receive_replica" in container(built.build("eu"), "Deployment", "eu-query")["args"]


def test_the_ingesters_role_trusts_their_service_account_alone():
    eu = built.build("eu")
    account = eu.one("ServiceAccount", "ingester").inputs["metadata"]
    trust = json.loads(eu.one("Role", "metrics-receive-ingester").inputs["assumeRolePolicy"])["Statement"][0]
    issuer = "oidc.eks.eu-central-1.amazonaws.com/id/11111111111111111111111111111111"
    assert trust["Condition"]["StringEquals"] == {
        f"{issuer}:sub": f"system:serviceaccount:{account['namespace']}:{account['name']}",
        f"{issuer}:aud": "sts.amazonaws.com",
    }
    pods = eu.one("StatefulSet", "ingester").inputs["spec"]["template"]["spec"]
    assert pods["serviceAccountName"] == account["name"]
    assert account["annotations"]["eks.amazonaws.com/role-arn"].endswith(":role/eu-metrics-receive-ingester-0000000")


def test_without_keys_thanos_uses_the_role():
    assert objstore(built.build("eu"))["config"] == {
        "bucket": built.build("eu").one("Bucket", "metrics").inputs["bucket"],
        "endpoint": "s3.eu-central-1.amazonaws.com",
        "region": "eu-central-1",
        "aws_sdk_auth": True,
    }


def test_keys_from_the_configuration_reach_the_secret_and_replace_the_role():
    config = objstore(built.build("eu", "local/"))["config"]
    assert (config["access_key"], config["secret_key"]) == tuple(built.KEYS.values())
    assert "aws_sdk_auth" not in config
    assert config["insecure"] is True


def test_new_keys_draw_a_new_name_for_the_secret():
    def revision(secrets):
        built_region = run_main("eu", region(), secrets=secrets)
        return built_region.one("RandomId", "metrics-config-revision").inputs["keepers"]

    assert revision(built.KEYS) == revision(built.KEYS)
    assert revision(built.KEYS) != revision({**built.KEYS, "observability:objectStoreSecretKey": "another"})


def test_a_store_without_tls_has_no_policy_that_would_refuse_all_requests():
    assert built.build("eu").of("BucketPolicy")
    assert not run_main("eu", region(endpoint="minio.example.internal:9000", insecure=True)).of("BucketPolicy")


def test_a_region_without_load_balancers_is_reached_inside_the_cluster():
    promised = built.build("eu", "local/").exports["region"]
    assert promised["remote_write_url"] == "https://eu-gateway.eu.svc/api/v1/receive"
    assert promised["query_grpc_endpoint"] == "eu-query.eu.svc:10901"
    assert not [
        found
        for found in built.build("eu", "local/").of("Service")
        if found.inputs["spec"].get("type") == "LoadBalancer"
    ]


def test_a_load_balancer_is_internal_and_gives_its_name_to_the_contract():
    eu = built.build("eu")
    assert eu.exports["region"]["remote_write_url"] == (
        "https://receive.eu.observability.example.internal/api/v1/receive"
    )
    services = {found.name: found.inputs for found in eu.of("Service")}
    for name in ("eu-gateway", "eu-query"):
        service = services[name]
        assert service["spec"]["type"] == "LoadBalancer"
        assert service["metadata"]["annotations"]["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "internal"


def test_a_first_preview_works_though_nothing_is_known_yet():
    preview = run_main("eu", stack_config("Pulumi.eu.yaml"), unknown=True)
    assert len(preview.resources) == len(built.build("eu").resources)


def test_who_does_not_use_the_bucket_has_no_role():
    def roles(**settings):
        config = stack_config("Pulumi.eu.yaml") | {f"observability:{key}": value for key, value in settings.items()}
        found = run_main("eu", config)
        return {policy.name.removeprefix("eu-metrics-") for policy in found.of("RolePolicy", "metrics")}

    assert roles() == {"receive-ingester", "compactor", "store", "prometheus"}
    assert roles(prometheus={"mode": "remoteWrite"}, ruler={"mode": "stateful"}) == {
        "receive-ingester",
        "compactor",
        "store",
        "ruler",
    }


def tempo(recording) -> dict:
    return yaml.safe_load(recording.one("Secret", "eu-tempo-config").inputs["stringData"]["tempo.yaml"])


def test_traces_have_a_bucket_of_their_own_with_the_rules_of_the_other():
    config = region(lifecycle={"transitions": [{"days": 60, "storageClass": "INTELLIGENT_TIERING"}]}, versioning=True)
    eu = run_main("eu", config)
    assert tempo(eu)["storage"]["trace"]["s3"]["bucket"] == eu.one("Bucket", "traces").inputs["bucket"]
    rules = [eu.one("BucketLifecycleConfiguration", purpose).inputs["rules"] for purpose in ("metrics", "traces")]
    assert rules[0] == rules[1]
    assert len(rules[0]) == 4
    assert not eu.of("Secret", "traces"), "Thanos does not use it"


def test_tempo_takes_its_role_and_with_static_keys_those():
    found = tempo(built.build("eu"))["storage"]["trace"]["s3"]
    assert set(found) == {"bucket", "endpoint", "region"}
    account = built.build("eu").one("ServiceAccount", "eu-tempo").inputs["metadata"]
    assert account["annotations"]["eks.amazonaws.com/role-arn"].endswith(":role/eu-traces-tempo-0000000")
    trust = built.build("eu").one("Role", "traces-tempo").inputs["assumeRolePolicy"]
    assert f"system:serviceaccount:observability:{account['name']}" in trust

    keyed = run_main("eu", region(), secrets=built.KEYS)
    found = tempo(keyed)["storage"]["trace"]["s3"]
    assert (found["access_key"], found["secret_key"]) == tuple(built.KEYS.values())


def test_metrics_of_traces_go_to_the_routers():
    (target,) = tempo(built.build("eu"))["metrics_generator"]["storage"]["remote_write"]
    assert target["url"] == "http://eu-receive-router.observability.svc:19291/api/v1/receive"
    assert target["send_exemplars"] is True
    ingester = container(built.build("eu"), "StatefulSet", "ingester")
    assert int(flag(ingester, "--tsdb.max-exemplars")) > 0, "Receive would drop them without a word"


def test_the_gateway_passes_traces_on_to_the_ports_at_which_tempo_takes_them():
    eu = built.build("eu")
    (envoy,) = [
        found.inputs["data"]["envoy.yaml"] for found in eu.of("ConfigMap") if "envoy.yaml" in found.inputs["data"]
    ]
    found = {
        cluster["name"]: cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
        for cluster in yaml.safe_load(envoy)["static_resources"]["clusters"]
    }
    protocols = tempo(eu)["distributor"]["receivers"]["otlp"]["protocols"]
    for protocol in ("http", "grpc"):
        address = found[f"tempo-{protocol}"]["socket_address"]
        assert address["address"] == "eu-tempo.observability.svc"
        assert protocols[protocol]["endpoint"] == f"0.0.0.0:{address['port_value']}"


def test_a_region_promises_where_traces_are_asked_for_and_sent_to():
    promised = built.build("eu").exports["region"]
    assert promised["tempo_http_url"] == "http://tempo.eu.observability.example.internal:3200"
    assert promised["otlp_url"] == "https://receive.eu.observability.example.internal"


def test_without_tempo_nothing_of_it_is_there():
    without = run_main("eu", stack_config("Pulumi.eu.yaml") | {"observability:tempo": {"enabled": False}})
    assert not [found.name for found in without.resources if "tempo" in found.name or "traces" in found.name]
    assert "tempo.yaml" not in without.one("ConfigMap", "eu-prometheus-rules").inputs["data"]
    assert "tempo.yaml" in built.build("eu").one("ConfigMap", "eu-prometheus-rules").inputs["data"]
    assert (without.exports["region"]["tempo_http_url"], without.exports["region"]["otlp_url"]) == ("", "")


@pytest.mark.parametrize("values", ["traces", "defaults", "TLS and load balancers"])
def test_whatever_is_set_tempo_is_told_in_its_own_words(values):
    stack = run_main("eu", configured(VARIANTS[values]), secrets=built.KEYS)
    assert problems(tempo(stack)) == []


def test_who_uploads_when_it_stops_is_gone_before_its_right_to_upload():
    """A destroy deletes what depends on something before the thing itself."""
    apac = built.build("apac")
    users = [each for each in apac.of("ServiceAccount") if "annotations" in each.inputs["metadata"]]
    assert len(users) >= 5
    for user in users:
        name = user.inputs["metadata"]["name"]
        [role] = [each for each in apac.of("Role") if f':{name}"' in each.inputs.get("assumeRolePolicy", "")]
        [policy] = [each for each in apac.of("RolePolicy") if each.name == role.name]
        assert policy.urn in user.depends["metadata"]
        workloads = [
            each
            for each in [*apac.of("StatefulSet"), *apac.of("Deployment")]
            if each.inputs["spec"]["template"]["spec"]["serviceAccountName"] == name
        ]
        assert workloads
        assert all(user.urn in each.depends["spec"] for each in workloads)
