"""The table of who talks to whom."""

from render import network

FACTS = {
    "replication_protocol": "protobuf",
    "head_series_limit": False,
    "prometheus_mode": "sidecar",
    "ruler_mode": "stateless",
    "store_cache": "eu-store-cache",
    "query_cache": "eu-query-cache",
    "redis": None,
    "tempo": True,
    "object_store": "s3.eu-central-1.amazonaws.com",
    "insecure": False,
    "roles": True,
    "alertmanagers": [],
    "grafana": True,
    "logins": [],
}


def rows(**changes) -> set[tuple[str | None, str | None, int]]:
    paths = network.region(**{**FACTS, **changes})["paths"]
    return {(path["source"], path["target"], port) for path in paths for port in path["ports"]}


def changed(**changes) -> tuple[set, set]:
    """(rows that a changed fact adds, rows that it removes)"""
    return rows(**changes) - rows(), rows() - rows(**changes)


def test_remote_write_and_questions_come_in_and_nothing_else_does():
    assert {(target, port) for source, target, port in rows() if source is None} == {
        ("gateway", 8443),
        ("query", 10901),
        ("query", 10902),
        ("query-frontend", 10902),
        ("grafana", 3000),
        ("tempo", 3200),
    }


def test_the_bucket_is_reached_by_those_who_use_it_and_by_no_one_else():
    users = {source for source, target, port in rows(object_store="minio:9000") if target is None and port == 9000}
    assert users == {"receive-ingester", "compactor", "store", "prometheus", "tempo"}
    assert ("ruler", None, 443) in rows(ruler_mode="stateful")
    assert ("prometheus", None, 9000) not in rows(object_store="minio:9000", prometheus_mode="remoteWrite")


def test_keys_for_a_role_come_by_https_whatever_port_the_bucket_has():
    with_keys = rows(object_store="minio:9000", insecure=True, roles=False)
    assert ("store", None, 443) not in with_keys
    assert ("store", None, 443) in rows(object_store="minio:9000", insecure=True)
    assert ("store", None, 80) in rows(object_store="minio", insecure=True, roles=False)


def test_each_choice_moves_exactly_its_paths():
    assert changed(replication_protocol="capnproto") == (
        {("receive-router", "receive-ingester", 19391)},
        {("receive-router", "receive-ingester", 10901)},
    )
    assert changed(head_series_limit=True) == ({("receive-router", "prometheus", 9090)}, set())
    assert changed(tempo=False) == (
        set(),
        {
            (None, "tempo", 3200),
            ("gateway", "tempo", 4317),
            ("gateway", "tempo", 4318),
            ("tempo", "receive-router", 19291),
            ("grafana", "tempo", 3200),
            ("tempo", None, 443),
            ("tempo", None, 53),
            ("prometheus", "tempo", 3200),
        },
    )
    assert changed(ruler_mode="stateful") == ({("ruler", None, 443)}, {("ruler", "receive-router", 19291)})
    assert changed(prometheus_mode="remoteWrite") == (
        {("prometheus", "receive-router", 19291)},
        # Its port 443 is that of the API server, too.
        {("query", "prometheus", 10901), ("prometheus", "prometheus", 10902)},
    )
    assert changed(alertmanagers=["http://a:9093", "https://b/am"]) == (
        {
            ("ruler", None, 9093),
            ("ruler", None, 443),
            ("prometheus", None, 9093),
            ("grafana", None, 9093),
            ("grafana", None, 443),
        },
        set(),
    )


def test_grafana_asks_what_it_shows_and_who_logs_in():
    assert changed(grafana=False) == (
        set(),
        {
            (None, "grafana", 3000),
            ("grafana", "query-frontend", 10902),
            ("grafana", "tempo", 3200),
            ("prometheus", "grafana", 3000),
            ("grafana", None, 53),
        },
    )
    assert changed(logins=["https://login.example/token", "https://login.example:8443/me"]) == (
        {("grafana", None, 443), ("grafana", None, 8443)},
        set(),
    )
    assert rows(grafana=False, tempo=True, logins=["https://login.example:8443"]) == rows(grafana=False)
    assert "grafana" not in network.region(**{**FACTS, "grafana": False})["workloads"]


def test_redis_takes_the_place_of_memcached():
    added, removed = changed(redis="redis.example.internal:6380")
    assert added == {("store", None, 6380), ("query-frontend", None, 6380)}
    assert removed == {
        ("store", "store-cache", 11211),
        ("query-frontend", "query-cache", 11211),
        ("prometheus", "store-cache", 9150),
        ("prometheus", "query-cache", 9150),
    }
    assert "store-cache" not in network.region(**{**FACTS, "redis": "redis:6379"})["workloads"]


def test_two_caches_are_told_apart_by_their_instance():
    workloads = network.region(**FACTS)["workloads"]
    assert workloads["store-cache"]["app.kubernetes.io/instance"] == "eu-store-cache"
    assert workloads["query-cache"]["app.kubernetes.io/instance"] == "eu-query-cache"


def test_everybody_is_scraped():
    scraped = {target for source, target, _ in rows() if source == "prometheus"}
    assert scraped == {None, *network.region(**FACTS)["workloads"]}


def test_whoever_reaches_anything_may_look_names_up_and_a_cache_may_not():
    paths = network.region(**FACTS)["paths"]
    for protocol in ("UDP", "TCP"):
        asking = [path["source"] for path in paths if path["ports"] == [53] and path["protocol"] == protocol]
        assert sorted(asking) == sorted(set(network.region(**FACTS)["workloads"]) - {"store-cache", "query-cache"})


def test_the_global_query_reaches_regions_by_their_port():
    paths = network.global_stack(grafana=False, tempo=True, logins=[])["paths"]
    assert {"source": "query", "target": None, "ports": [10901], "protocol": "TCP"} in paths
    assert not [path for path in paths if "grafana" in (path["source"], path["target"])]


def test_the_global_grafana_reaches_its_query_and_the_tempos_of_regions_by_their_port():
    paths = network.global_stack(grafana=True, tempo=True, logins=["https://login.example"])["paths"]
    assert {"source": "grafana", "target": "query", "ports": [10902], "protocol": "TCP"} in paths
    assert {"source": "grafana", "target": None, "ports": [443, 3200], "protocol": "TCP"} in paths
    alone = network.global_stack(grafana=True, tempo=False, logins=[])["paths"]
    assert {port for path in alone if path["source"] == "grafana" for port in path["ports"]} == {53, 10902}
