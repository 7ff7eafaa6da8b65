"""Names and labels."""

import re

import pytest

import labels


def test_what_selects_pods_is_part_of_what_is_recommended():
    assert labels.selector("query", "eu-query").items() < labels.recommended("query", "eu-query").items()


def test_labels_are_within_kubernetes_rules():
    for key, value in labels.recommended("query", "eu-query").items():
        assert re.fullmatch(r"app\.kubernetes\.io/[a-z-]+", key)
        assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value)


def test_a_name_at_its_limit_passes_and_one_longer_does_not():
    assert labels.safe_name("a", "b", limit=3) == "a-b"
    with pytest.raises(ValueError, match="'a-bb' has 4 characters, and 3 are allowed"):
        labels.safe_name("a", "bb", limit=3)


def test_a_bill_can_be_split_by_region_and_purpose():
    assert set(labels.aws_tags("eu", "metrics").values()) == {"eu", "metrics"}
