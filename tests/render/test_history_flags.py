"""Flags of what works on blocks. Whether Thanos knows them: test_thanos_flags."""

from render import history_flags

COMPACTOR = {
    "data_dir": "/data",
    "objstore_file": "/o.yml",
    "retention_raw": "7d",
    "retention_5m": "30d",
    "retention_1h": "180d",
    "delete_delay": "48h",
    "vertical_compaction": True,
}


def test_the_compactor_merges_copies_of_receive_one_to_one_and_leaves_pairs_of_prometheus_alone():
    flags = [flag for flag in history_flags.compact(**COMPACTOR) if flag.startswith("--deduplication")]
    assert flags == ["--deduplication.replica-label=receive_replica"]


def test_without_vertical_compaction_nothing_is_merged():
    flags = history_flags.compact(**{**COMPACTOR, "vertical_compaction": False})
    assert not [flag for flag in flags if "deduplication" in flag or "vertical" in flag]
