"""What each random type makes from its inputs, which are complete here: defaults that are not None are filled in."""

import base64
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"

CHARACTERS = {
    "special": True,
    "upper": True,
    "lower": True,
    "numeric": True,
    "number": True,
    "minSpecial": 0,
    "minUpper": 0,
    "minLower": 0,
    "minNumeric": 0,
    "overrideSpecial": None,
}


@dataclass(frozen=True)
class RandomType:
    """`size` names the required input, `defaults` holds the others but `keepers`; `make` gives id and outputs."""

    size: str
    defaults: dict[str, Any]
    outputs: tuple[str, ...]
    secret: tuple[str, ...]
    make: Callable[[dict[str, Any]], tuple[str, dict[str, str]]]

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.size, "keepers", *self.defaults)


def characters(inputs: dict[str, Any]) -> str:
    """A string of `length` characters with at least the asked number of each kind, in random order.

    As in the official plugin, a minimum counts even for a kind that is switched off.
    """
    special = inputs.get("overrideSpecial", SPECIAL)
    kinds = (
        ("special", "minSpecial", special),
        ("upper", "minUpper", string.ascii_uppercase),
        ("lower", "minLower", string.ascii_lowercase),
        ("numeric", "minNumeric", string.digits),
    )
    allowed = "".join(letters for kind, _, letters in kinds if inputs[kind])
    chosen = [secrets.choice(letters) for _, minimum, letters in kinds for _ in range(inputs[minimum])]
    chosen += [secrets.choice(allowed) for _ in range(inputs["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def problems(size: str, inputs: dict[str, Any]) -> list[tuple[str, str]]:
    """Pairs of property and reason for inputs from which nothing can be made; inputs may hold unknown values."""
    found = []
    length = inputs[size]
    if isinstance(length, int) and length < 1:
        found.append((size, f"{size} is {length}, but must be at least 1"))
    numbers = [inputs.get(key, 0) for key in ("minSpecial", "minUpper", "minLower", "minNumeric")]
    if all(isinstance(number, int) for number in (length, *numbers)) and length < sum(numbers):
        found.append((size, f"{size} is {length}, less than the sum of the minimums, {sum(numbers)}"))
    if inputs.get("overrideSpecial") == "" and inputs["minSpecial"] != 0:
        found.append(("minSpecial", "minSpecial asks for special characters, but overrideSpecial is empty"))
    kinds = [inputs.get(key) for key in ("special", "upper", "lower", "numeric")]
    if all(kind is False for kind in kinds) or (kinds[1:] == [False] * 3 and inputs.get("overrideSpecial") == ""):
        found.append((size, "no kind of character is allowed: special, upper, lower and numeric are all off"))
    return found


def _password(inputs: dict[str, Any]) -> tuple[str, dict[str, str]]:
    return "none", {"result": characters(inputs)}


def _string(inputs: dict[str, Any]) -> tuple[str, dict[str, str]]:
    result = characters(inputs)
    return result, {"result": result}


def _id(inputs: dict[str, Any]) -> tuple[str, dict[str, str]]:
    raw = secrets.token_bytes(inputs["byteLength"])
    url = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    forms = {
        "hex": raw.hex(),
        "dec": str(int.from_bytes(raw, "big")),
        "b64Std": base64.b64encode(raw).decode(),
        "b64Url": url,
    }
    return url, {key: inputs.get("prefix", "") + form for key, form in forms.items()}


def _bytes(inputs: dict[str, Any]) -> tuple[str, dict[str, str]]:
    raw = secrets.token_bytes(inputs["length"])
    # The official plugin takes the bytes themselves as id, and ids are never encrypted in the state.
    return "none", {"hex": raw.hex(), "base64": base64.b64encode(raw).decode()}


TYPES = {
    "random:index/randomPassword:RandomPassword": RandomType("length", CHARACTERS, ("result",), ("result",), _password),
    "random:index/randomString:RandomString": RandomType("length", CHARACTERS, ("result",), (), _string),
    "random:index/randomId:RandomId": RandomType(
        "byteLength", {"prefix": None}, ("hex", "dec", "b64Std", "b64Url"), (), _id
    ),
    "random:index/randomBytes:RandomBytes": RandomType("length", {}, ("hex", "base64"), ("hex", "base64"), _bytes),
}
