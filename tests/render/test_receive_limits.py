"""What the routers accept."""

import yaml

from render import receive_limits

REQUEST = {"size_bytes": 1, "series": 2, "samples": 3}


def document(**changes) -> dict:
    given = {
        "max_concurrency": 0,
        "request": REQUEST,
        "tenants": {},
        "head_series": 0,
        "meta_monitoring_url": None,
        "replication_factor": 3,
    }
    return yaml.safe_load(receive_limits.document(**{**given, **changes}))["write"]


def test_limits_have_thanoss_names():
    assert document()["default"]["request"] == {"size_bytes_limit": 1, "series_limit": 2, "samples_limit": 3}
    assert document(max_concurrency=7)["global"] == {"max_concurrency": 7}


def test_a_tenants_limits_stand_beside_the_others():
    found = document(tenants={"b": REQUEST, "a": {**REQUEST, "series": 9}})
    assert list(found["tenants"]) == ["a", "b"]
    assert found["tenants"]["a"]["request"]["series_limit"] == 9
    assert "tenants" not in document()


def test_active_series_are_limited_per_copy_because_thanos_counts_each():
    found = document(head_series=1000, meta_monitoring_url="http://prometheus:9090", replication_factor=3)
    assert found["default"]["head_series_limit"] == 3000
    assert found["global"]["meta_monitoring_url"] == "http://prometheus:9090"


def test_without_a_limit_of_active_series_nobody_is_asked_for_them():
    assert "meta_monitoring_url" not in document(meta_monitoring_url="http://prometheus:9090")["global"]
