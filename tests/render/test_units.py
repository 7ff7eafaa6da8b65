"""Quantities and durations, against the Kubernetes client's own parser."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from render import units

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
NUMBERS = st.decimals(min_value=0, max_value=10**6, places=3).map(lambda number: f"{number:f}") | st.integers(0, 10**9)


@given(NUMBERS, st.sampled_from(SUFFIXES))
def test_a_quantity_means_what_kubernetes_means_by_it(number, suffix):
    text = f"{number}{suffix}"
    assume(parse_quantity(text) < 2**63)
    assert units.quantity(text) == parse_quantity(text)


@given(st.text(max_size=8))
def test_what_is_accepted_is_a_quantity_for_kubernetes_too(text):
    try:
        value = units.quantity(text)
    except ValueError:
        return
    assert value == parse_quantity(text)


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gi", "-1", "1.", ".5", "1KiB", "٣", "1\n"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(ValueError, match="must be a Kubernetes quantity"):
        units.quantity(text)


def test_units_of_memory_are_told_apart():
    assert units.quantity("1G") == Decimal(10**9) < units.quantity("1Gi") == Decimal(2**30)
    assert units.quantity("512m") < 1, "m is a thousandth, also of a byte"


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59))
def test_a_duration_is_the_sum_of_its_parts(days, hours, minutes):
    assert units.duration(f"{days}d{hours}h{minutes}m") == timedelta(days=days, hours=hours, minutes=minutes)


@pytest.mark.parametrize("text", ["", "24", "h", "1h1d", "1.5h", "-1h", "1h 2m", "٣h", "1h\n", "1" * 21 + "s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="must be a duration"):
        units.duration(text)


@given(st.integers(0, 10**8).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_is_written_as_it_is_read(length):
    assert units.duration(units.duration_text(length)) == length


def test_what_64_bits_do_not_hold_is_refused():
    assert units.duration("15250w") < timedelta(days=366 * 292)
    with pytest.raises(ValueError, match="must be at most 292 years, because"):
        units.duration("15251w")
    assert units.quantity("7Ei") < 2**63
    with pytest.raises(ValueError, match="must be less than 8Ei, because"):
        units.quantity("8Ei")
