"""A remote-write request made by hand: protobuf of version 1, in snappy's form for what is not compressed."""

import struct
from collections.abc import Mapping

HEADERS = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}


def body(labels: Mapping[str, str], value: float, milliseconds: int) -> bytes:
    """One sample of one series."""
    pairs = b"".join(_field(1, _field(1, name.encode()) + _field(2, labels[name].encode())) for name in sorted(labels))
    sample = b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(milliseconds)
    message = _field(1, pairs + _field(2, sample))
    # Literals of up to 60 bytes have their length in the tag.
    literals = (message[begin : begin + 60] for begin in range(0, len(message), 60))
    return _varint(len(message)) + b"".join(bytes([(len(literal) - 1) << 2]) + literal for literal in literals)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])
