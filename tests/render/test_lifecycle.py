"""S3 rules, and those that are refused."""

import pytest

from render import lifecycle


def rules(**more):
    defaults = {
        "abort_incomplete_upload_days": 3,
        "versioning": False,
        "noncurrent_version_days": 7,
        "tiering_after_days": [],
    }
    return {rule["id"]: rule for rule in lifecycle.rules(**{**defaults, **more})}


def test_unfinished_uploads_are_always_dropped():
    assert rules()["abort-incomplete-uploads"]["abort_incomplete_multipart_upload"] == {"days_after_initiation": 3}
    assert len(rules()) == 1


def test_versioning_brings_rules_without_which_nothing_would_be_freed():
    found = rules(versioning=True, noncurrent_version_days=9)
    assert found["drop-old-versions"]["noncurrent_version_expiration"] == {"noncurrent_days": 9}
    assert found["drop-delete-markers"]["expiration"] == {"expired_object_delete_marker": True}


def test_tiering_moves_to_the_class_that_stays_readable():
    assert rules(tiering_after_days=[60])["tier-after-60-days"]["transitions"] == [
        {"days": 60, "storage_class": "INTELLIGENT_TIERING"}
    ]


@pytest.mark.parametrize("versioning", [True, False])
def test_no_rule_expires_live_objects(versioning):
    for rule in rules(versioning=versioning, tiering_after_days=[45]).values():
        assert "days" not in rule.get("expiration", {})
        assert "date" not in rule.get("expiration", {})


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_archives_are_refused_because_they_cannot_be_read(storage_class):
    assert "cannot be read" in lifecycle.class_problem(storage_class)


@pytest.mark.parametrize("storage_class", ["STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "nonsense"])
def test_classes_with_a_fee_on_reads_are_refused(storage_class):
    assert "charge for each read" in lifecycle.class_problem(storage_class)


def test_tiering_passes_from_the_age_at_which_blocks_are_settled():
    assert lifecycle.class_problem("INTELLIGENT_TIERING") is None
    assert lifecycle.age_problem(45) is None
    assert "still rewritten" in lifecycle.age_problem(44)
