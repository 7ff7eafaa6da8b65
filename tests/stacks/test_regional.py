"""How a region's parts are wired."""

import json

import yaml

from tests.engine import flag, run_main, stack_config
from tests.stacks import built


def region(**object_store) -> dict:
    config = stack_config("Pulumi.eu.yaml")
    config["observability:objectStore"] |= object_store
    return config


def objstore(recording) -> dict:
    return yaml.safe_load(recording.one("Secret").inputs["stringData"]["objstore.yml"])


def container(recording, kind, name="") -> dict:
    return recording.one(kind, name).inputs["spec"]["template"]["spec"]["containers"][0]


def test_the_ring_names_the_ingesters_pods():
    eu = built.build("eu")
    ring = json.loads(eu.one("ConfigMap", "hashring").inputs["data"]["hashrings.json"])[0]
    ingesters, service = eu.one("StatefulSet"), eu.one("Service", "ingester")
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
    assert not any("hashring" in arg for arg in container(eu, "StatefulSet")["args"]), (
        "it would forward instead of store"
    )
    router = container(eu, "Deployment", "router")
    assert not any(arg.startswith(("--tsdb", "--objstore", "--receive.local-endpoint")) for arg in router["args"])


def test_query_finds_the_ingesters_by_their_service():
    eu = built.build("eu")
    endpoints = yaml.safe_load(eu.one("ConfigMap", "endpoints").inputs["data"]["endpoints.yaml"])["endpoints"]
    assert endpoints == [{"address": "dnssrv+_grpc._tcp.eu-receive-ingester.observability.svc"}]


def test_series_carry_region_and_replica():
    labels = [arg for arg in container(built.build("eu"), "StatefulSet")["args"] if arg.startswith("--label=")]
    assert labels == ['--label=region="eu"', '--label=receive_replica="$(POD_NAME)"']
    assert "--query.replica-label=receive_replica" in container(built.build("eu"), "Deployment", "query")["args"]


def test_the_ingesters_role_trusts_their_service_account_alone():
    eu = built.build("eu")
    account = eu.one("ServiceAccount", "ingester").inputs["metadata"]
    trust = json.loads(eu.one("Role").inputs["assumeRolePolicy"])["Statement"][0]
    issuer = "oidc.eks.eu-central-1.amazonaws.com/id/11111111111111111111111111111111"
    assert trust["Condition"]["StringEquals"] == {
        f"{issuer}:sub": f"system:serviceaccount:{account['namespace']}:{account['name']}",
        f"{issuer}:aud": "sts.amazonaws.com",
    }
    pods = eu.one("StatefulSet").inputs["spec"]["template"]["spec"]
    assert pods["serviceAccountName"] == account["name"]
    assert account["annotations"]["eks.amazonaws.com/role-arn"].endswith(":role/eu-metrics-ingester-0000000")


def test_without_keys_thanos_uses_the_role():
    assert objstore(built.build("eu"))["config"] == {
        "bucket": built.build("eu").one("Bucket").inputs["bucket"],
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
        return built_region.one("RandomId", "revision").inputs["keepers"]

    assert revision(built.KEYS) == revision(built.KEYS)
    assert revision(built.KEYS) != revision({**built.KEYS, "observability:objectStoreSecretKey": "another"})


def test_a_store_without_tls_has_no_policy_that_would_refuse_all_requests():
    assert built.build("eu").of("BucketPolicy")
    assert not run_main("eu", region(endpoint="minio.example.internal:9000", insecure=True)).of("BucketPolicy")


def test_a_region_without_load_balancers_is_reached_inside_the_cluster():
    promised = built.build("eu", "local/").exports["region"]
    assert promised["remote_write_url"] == "http://eu-receive-router.eu.svc:19291/api/v1/receive"
    assert promised["query_grpc_endpoint"] == "eu-query.eu.svc:10901"
    assert not [
        found
        for found in built.build("eu", "local/").of("Service")
        if found.inputs["spec"].get("type") == "LoadBalancer"
    ]


def test_a_load_balancer_is_internal_and_gives_its_name_to_the_contract():
    eu = built.build("eu")
    assert eu.exports["region"]["remote_write_url"] == (
        "http://receive.eu.observability.example.internal:19291/api/v1/receive"
    )
    for name in ("eu-receive-router", "eu-query"):
        service = eu.one("Service", name).inputs
        assert service["spec"]["type"] == "LoadBalancer"
        assert service["metadata"]["annotations"]["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "internal"


def test_a_first_preview_works_though_nothing_is_known_yet():
    preview = run_main("eu", stack_config("Pulumi.eu.yaml"), unknown=True)
    assert len(preview.resources) == len(built.build("eu").resources)
