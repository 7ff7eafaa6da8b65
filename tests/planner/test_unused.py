"""What may be dropped: never what is used, and exactly what is counted."""

import pytest
import re2
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.unused import NOBODY, Unused, candidates, filter_profile, proposed, saving
from planner.usage import Expression, usage

HISTOGRAM = ["lat", "lat_bucket", "lat_sum", "lat_count"]


@pytest.mark.parametrize(
    ("used", "dropped"),
    [
        ([], set(HISTOGRAM)),
        (["lat_count"], {"lat_bucket"}),
        (["lat_sum", "lat_count"], {"lat_bucket"}),
        (["lat"], {"lat_bucket"}),
        (["lat_bucket"], set()),
    ],
)
def test_of_a_histogram_in_use_only_the_buckets_may_go(used, dropped):
    assert set(candidates(HISTOGRAM, used, [])) == dropped


def test_the_reason_says_what_of_the_histogram_is_used():
    found = candidates([*HISTOGRAM, "other"], ["lat_sum", "lat_count"], [])
    assert found == {"lat_bucket": "used of this histogram: lat_count, lat_sum", "other": NOBODY}


def test_names_that_only_look_like_a_histogram_stand_for_themselves():
    assert set(candidates(["gc", "gc_sum", "gc_count"], ["gc_count"], [])) == {"gc", "gc_sum"}


def test_what_is_kept_counts_as_used_for_its_family_and_matches_whole_names():
    assert set(candidates([*HISTOGRAM, "other"], [], ["lat_c.*", "oth"])) == {"lat_bucket", "other"}


def test_the_largest_come_first_and_small_ones_not_at_all():
    found = [
        Unused(name, edges, NOBODY)
        for name, edges in {"a": {"x": 5}, "b": {"x": 5, "y": 4}, "c": {"x": 9}, "d": {}}.items()
    ]
    assert [metric.name for metric in proposed(found, top=9, min_series=0)] == ["b", "c", "a"]
    assert [metric.name for metric in proposed(found, top=9, min_series=6)] == ["b", "c"]
    assert [metric.name for metric in proposed(found, top=1, min_series=0)] == ["b"]


def test_a_saving_counts_each_edge_at_its_own_interval():
    found = saving([Unused("a", {"fast": 100_000, "slow": 300_000}, NOBODY)], {"fast": 10, "slow": 60})
    assert found.series == 400_000
    assert found.samples_per_second == 15_000
    # 15,000 samples/s * 2 bytes * 2,592,000 s
    assert found.gigabytes_per_month == pytest.approx(77.76)


def test_a_filter_goes_on_from_what_it_says_already():
    found = filter_profile([Unused("a:b", {"x": 1}, NOBODY)], extends=None, keep=["k.*"], drop=["old_.*", "a\\:b"])
    assert found == {"extends": None, "keep": ["k.*"], "drop": ["old_.*", "a\\:b"]}


NAMES = st.one_of(
    st.builds(
        str.__add__,
        st.sampled_from(["a", "a_b", "node", "go:x", "http.server", "naïve name", "x$", "a(b"]),
        st.sampled_from(["", "_total", "_bucket", "_sum", "_count", ".*", "s", "_bucket_bucket"]),
    ),
    st.text(min_size=1, max_size=8),
)
STORED = st.dictionaries(
    NAMES, st.dictionaries(st.sampled_from(["e1", "e2"]), st.integers(1, 1000), max_size=2), min_size=1
)


@settings(deadline=None)
@given(STORED, st.data())
def test_a_used_metric_is_never_matched_and_the_saving_is_what_is_matched(stored, data):
    wanted = data.draw(st.lists(st.sampled_from(sorted(stored))))
    keep = [re2.escape(name) for name in data.draw(st.lists(st.sampled_from(sorted(stored))))]
    quoted = [Expression(f"sum({{{_quoted(name)}}}) > 0", "a test") for name in wanted]
    use = usage(quoted)
    assert not use.unclear

    reasons = candidates(stored, use.used(stored), keep)
    found = [Unused(name, stored[name], reason) for name, reason in reasons.items()]
    dropped = proposed(found, top=data.draw(st.integers(1, 20)), min_series=data.draw(st.integers(0, 500)))
    profile = yaml.safe_load(yaml.safe_dump(filter_profile(dropped)))

    matched = {name for name in stored if any(re2.fullmatch(rule, name) for rule in profile["drop"])}
    assert not matched & set(wanted)
    assert not [name for name in matched if any(re2.fullmatch(rule, name) for rule in keep)]
    total = saving(dropped, {"e1": 15, "e2": 30})
    assert total.series == sum(sum(stored[name].values()) for name in matched)


def _quoted(name: str) -> str:
    return '"' + "".join(f"\\U{ord(letter):08x}" for letter in name) + '"'
