"""What metrics prove. The texts are of Thanos 0.42.5, cut down to the lines that count."""

from ops import evidence
from ops.evidence import Metrics

INGESTER = """
# HELP prometheus_tsdb_head_series Total number of series in the head block.
# TYPE prometheus_tsdb_head_series gauge
prometheus_tsdb_head_series{tenant="default-tenant"} 5
prometheus_tsdb_head_series{tenant="a \\"b\\""} 2
prometheus_tsdb_head_series_created_total{tenant="default-tenant"} 10
thanos_shipper_corrupted_blocks_total{tenant="default-tenant"} 0
thanos_shipper_dir_sync_failures_total{tenant="default-tenant"} 3
thanos_shipper_dir_syncs_total{tenant="default-tenant"} 2
thanos_shipper_upload_failures_total{tenant="default-tenant"} 0
"""


def store(syncs: int, ended: int, failed: int = 0, loaded: int = 4, found: int = 4, fresh: int = 0) -> Metrics:
    return Metrics(
        f"thanos_blocks_meta_syncs_total {syncs}\n"
        f"thanos_blocks_meta_sync_duration_seconds_count {ended}\n"
        f"thanos_blocks_meta_sync_failures_total {failed}\n"
        f'thanos_blocks_meta_synced{{state="loaded"}} {found}\n'
        f'thanos_blocks_meta_synced{{state="too-fresh"}} {fresh}\n'
        f"thanos_bucket_store_blocks_loaded {loaded}\n"
    )


def test_a_ring_file_has_the_hash_that_thanos_shows():
    file = '[{"hashring": "default", "algorithm": "ketama", "endpoints": [{"address": "127.0.0.1:41901"}]}]\n'
    assert evidence.has_ring(Metrics("thanos_receive_config_hash 1.19308642704925e+14\n"), file)


def test_a_router_without_an_answer_or_with_another_ring_is_behind():
    has = Metrics(f"thanos_receive_config_hash {evidence.ring_hash('new')!r}")
    former = Metrics(f"thanos_receive_config_hash {evidence.ring_hash('old')!r}")
    routers = [("has", has), ("former", former), ("silent", None), ("starting", Metrics(""))]
    assert evidence.behind(routers, "new") == {"former", "silent", "starting"}


def test_series_of_all_tenants_count():
    assert evidence.series_left(Metrics(INGESTER)) == 7


def test_an_ingester_that_has_opened_no_tsdb_is_not_empty():
    assert evidence.series_left(Metrics("")) is None


def test_blocks_are_uploaded_after_two_more_passes_of_each_tenant():
    before = {"a": (5.0, 0.0), "b": (9.0, 1.0)}
    assert evidence.not_shipped(before, {"a": (6.0, 0.0), "b": (11.0, 1.0)}) == ["a"]
    assert evidence.not_shipped(before, {"a": (7.0, 0.0), "b": (11.0, 4.0)}) == []


def test_an_ingester_that_restarted_counts_anew():
    assert evidence.not_shipped({"a": (100.0, 0.0)}, {"a": (1.0, 0.0)}) == ["a"]
    assert evidence.not_shipped({"a": (100.0, 0.0)}, {"a": (2.0, 0.0)}) == []


def test_a_tenant_that_came_later_has_to_be_uploaded_too():
    assert evidence.not_shipped({}, {"new": (1.0, 0.0)}) == ["new"]


def test_passes_are_read_by_tenant():
    assert evidence.passes(Metrics(INGESTER)) == {"default-tenant": (2.0, 3.0)}


def test_a_store_has_looked_once_a_look_that_began_later_ended_well():
    before = evidence.looks(store(syncs=4, ended=3))  # one is under way: it may have begun too early
    assert not evidence.has_looked(store(syncs=4, ended=4), before)
    assert not evidence.has_looked(store(syncs=5, ended=4), before)
    assert not evidence.has_looked(store(syncs=5, ended=5, failed=1), before)
    assert evidence.has_looked(store(syncs=5, ended=5), before)


def test_a_store_that_found_blocks_and_has_not_loaded_them_has_not_looked():
    assert not evidence.has_looked(store(syncs=9, ended=9, loaded=3), before=4)
    assert not evidence.has_looked(store(syncs=9, ended=9, fresh=1), before=4)


def test_a_store_that_restarted_counts_anew():
    assert evidence.has_looked(store(syncs=1, ended=1), before=40)
    assert not evidence.has_looked(store(syncs=1, ended=0), before=40)
