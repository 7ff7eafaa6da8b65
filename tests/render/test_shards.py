"""That shards have everything, and nothing twice."""

import hashlib
import re
from datetime import timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from render.shards import selector, shards
from render.units import duration, duration_text

ULIDS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)
AGES = st.lists(st.integers(24, 24 * 400), max_size=4, unique=True).map(
    lambda hours: [duration_text(timedelta(hours=count)) for count in sorted(hours)]
)
LENGTHS = st.timedeltas(timedelta(0), timedelta(days=500))
INTERVALS = st.integers(5, 86_400).map(lambda seconds: timedelta(seconds=seconds))


def hashmod(value: str, modulus: int) -> int:
    """Prometheus: the last 8 bytes of the MD5, as a big-endian number."""
    return int.from_bytes(hashlib.md5(value.encode()).digest()[8:], "big") % modulus


def keeps(document: str, block: str) -> bool:
    """Relabelling, as far as it is used here."""
    found = {"__block_id": block}
    for rule in yaml.safe_load(document):
        value = ";".join(found[label] for label in rule["source_labels"])
        if rule["action"] == "hashmod":
            found[rule["target_label"]] = str(hashmod(value, rule["modulus"]))
        else:
            assert rule["action"] == "keep"
            if not re.fullmatch(rule["regex"], value):
                return False
    return True


def serves(shard, age: timedelta, late: timedelta = timedelta(0)) -> bool:
    """Whether a shard that looked at the bucket `late` ago has a sample of this age."""
    oldest = duration(shard.min_time.removeprefix("-")) if shard.min_time else timedelta.max
    youngest = duration(shard.max_time.removeprefix("-")) + late if shard.max_time else timedelta.min
    return youngest <= age <= oldest


def test_the_hash_is_that_of_prometheus():
    assert hashmod("baz", 1000) == 976, "an example of Prometheus's own tests"


@given(ULIDS, st.integers(1, 12))
def test_every_block_is_in_exactly_one_hash_shard(block, count):
    assert [keeps(selector(shard), block) for shard in shards([], count, "3m")].count(True) == 1


@given(AGES, LENGTHS, INTERVALS)
def test_every_sample_is_in_exactly_one_time_shard_but_shortly_beyond_a_border(ages, age, interval):
    found = shards(ages, 1, duration_text(interval))
    assert len(found) == len(ages) + 1
    serving = [serves(shard, age) for shard in found].count(True)
    overlap = interval + timedelta(minutes=1)
    shortly_beyond = [duration(border) <= age <= duration(border) + overlap for border in ages].count(True)
    assert serving == 1 + shortly_beyond


@given(AGES, st.data(), INTERVALS)
def test_a_store_that_has_not_looked_at_the_bucket_lately_leaves_no_gap(ages, data, interval):
    border = duration(data.draw(st.sampled_from(ages))) if ages else timedelta(0)
    age = border + data.draw(st.timedeltas(timedelta(0), interval))
    late = data.draw(st.timedeltas(timedelta(0), interval))
    assert any(serves(shard, age, late) for shard in shards(ages, 1, duration_text(interval)))


def test_the_freshest_and_the_oldest_samples_have_no_bound():
    first, *_, last = shards(["14d", "90d"], 1, "3m")
    assert first.max_time is None
    assert last.min_time is None


@given(AGES, st.integers(1, 8), AGES, st.integers(1, 8))
def test_a_name_stands_for_one_share_of_the_blocks(ages, count, other_ages, other_count):
    shares = {shard.name: shard for shard in shards(ages, count, "3m")}
    assert len(shares) == (len(ages) + 1) * count
    for shard in shards(other_ages, other_count, "3m"):
        assert shares.get(shard.name, shard) == shard


@pytest.mark.parametrize(("ages", "count", "names"), [([], 1, [""]), (["14d"], 1, ["0d-14d", "14d-up"])])
def test_names_say_no_more_than_they_must(ages, count, names):
    assert [shard.name for shard in shards(ages, count, "3m")] == names
