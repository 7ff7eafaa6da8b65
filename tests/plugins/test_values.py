"""Property values to plain Python and back."""

import pytest
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime import rpc

from local.plugins.values import UNKNOWN, has_unknown, plain, plain_map, wrap, wrap_map


@pytest.mark.parametrize(
    "value", [None, True, False, 0, 3, 2.5, "", "text", [], {}, {"a": [1, {"b": "c"}, None]}, UNKNOWN, [UNKNOWN]]
)
def test_a_plain_value_comes_back_as_it_was(value):
    back = plain(wrap(value))
    assert back == value
    assert type(back) is type(value), "an integer must not come back as a float, nor a boolean as a number"


def test_an_unknown_value_is_the_engines_mark_on_the_wire():
    assert wrap(UNKNOWN).marshal().string_value == rpc.UNKNOWN
    assert plain(PropertyValue(Computed())) is UNKNOWN


def test_an_unknown_value_is_found_at_any_depth():
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": "known"}]})


def test_a_secret_is_unwrapped_and_put_back_where_it_was():
    original = {"open": PropertyValue("x"), "map": PropertyValue({"key": PropertyValue("s", is_secret=True)})}
    values = plain_map(original)
    assert values == {"open": "x", "map": {"key": "s"}}
    assert wrap_map({"open": "y", "map": {"key": "new", "other": 1}}, original) == {
        "open": PropertyValue("y"),
        "map": PropertyValue({"key": PropertyValue("new", is_secret=True), "other": PropertyValue(1.0)}),
    }


def test_a_list_with_a_secret_anywhere_is_secret_as_a_whole():
    original = PropertyValue([PropertyValue({"value": PropertyValue("s", is_secret=True)}), PropertyValue("x")])
    assert wrap(["x"], original) == PropertyValue([PropertyValue("x")], is_secret=True)


def test_secrets_of_every_source_count_and_missing_sources_do_not():
    one, other = {"a": PropertyValue("1", is_secret=True)}, {"b": PropertyValue("2", is_secret=True)}
    wrapped = wrap_map({"a": "1", "b": "2", "c": "3", "d": "4"}, one, other, secret=["c"])
    assert {key: value.is_secret for key, value in wrapped.items()} == {"a": True, "b": True, "c": True, "d": False}
