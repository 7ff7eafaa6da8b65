import yaml

from render import gateway


def test_the_bootstrap_knows_no_token_and_has_no_admin_port():
    document = yaml.safe_load(
        gateway.bootstrap(
            certificate_file="/c/certificate.yaml",
            routes_file="/r/routes.json",
            routes_dir="/r",
            routers="routers.eu.svc",
            router_port=19291,
            tempo="tempo.eu.svc",
            max_request_bytes=1024,
            max_heap_bytes=10**8,
        )
    )

    assert list(document["admin"]["address"]) == ["pipe"], "the admin interface shows the routes and their tokens"
    ports = {
        listener["name"]: listener["address"]["socket_address"]["port_value"]
        for listener in document["static_resources"]["listeners"]
    }
    assert ports == {"edges": gateway.HTTPS_PORT, "metrics": gateway.METRICS_PORT}
    (chain,) = document["static_resources"]["listeners"][0]["filter_chains"]
    assert chain["transport_socket"]["name"] == "envoy.transport_sockets.tls"
