"""What the engine sends, read."""

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

from policy import wire
from policy.resources import UNKNOWN
from tests.engine import rpc_secret


def sent(value: dict) -> dict:
    return json_format.MessageToDict(json_format.ParseDict(value, struct_pb2.Struct()))


def test_a_secret_is_unwrapped_and_its_place_is_remembered():
    value = sent({"data": {"a": rpc_secret("x"), "b": "y"}, "args": ["p", rpc_secret("q")]})

    assert wire.plain(value) == {"data": {"a": "x", "b": "y"}, "args": ["p", "q"]}
    assert sorted(wire.secret_paths(value)) == ["args[1]", "data.a"]


def test_a_number_is_an_integer_where_it_was_one():
    assert wire.plain(sent({"replicas": 3, "ratio": 0.5})) == {"replicas": 3, "ratio": 0.5}


def test_what_is_unknown_is_named():
    assert wire.plain(sent({"bucket": rpc.UNKNOWN, "tags": [rpc.UNKNOWN]})) == {"bucket": UNKNOWN, "tags": [UNKNOWN]}
