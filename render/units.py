"""Kubernetes quantities and Prometheus durations, as numbers to compare."""

import re
from datetime import timedelta
from decimal import Decimal

#: No number that means something is longer, and a message that repeats it stays short.
_DIGITS = "[0-9]{1,20}"
#: As regular expressions that every dialect reads, to be matched whole.
QUANTITY = rf"({_DIGITS}(?:\.{_DIGITS})?)([numkMGTPE]|[KMGTPE]i)?"
_QUANTITY = re.compile(QUANTITY)
_FACTORS = {
    None: Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
DURATION = "(?=.)" + "".join(f"(?:({_DIGITS}){unit})?" for unit in _SECONDS)
_DURATION = re.compile(DURATION)
#: Kubernetes counts bytes, and Go nanoseconds, in 64 bits with a sign.
_LARGEST = 2**63 - 1


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity ("500m", "50Gi") in its base unit: cores or bytes.

    ValueError if it is none or more than 64 bits hold; signs and exponents are not taken.
    """
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise ValueError("must be a Kubernetes quantity such as 500m, 2, 512Mi or 50Gi")
    value = Decimal(match[1]) * _FACTORS[match[2]]
    if value > _LARGEST:
        raise ValueError("must be less than 8Ei, because Kubernetes counts in 64 bits")
    return value


def duration(text: str) -> timedelta:
    """A Prometheus duration ("24h", "1d12h"). ValueError if it is none or longer than Prometheus can count."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError("must be a duration such as 24h or 1d12h (units w, d, h, m, s, largest first)")
    seconds = sum(int(number or 0) * each for number, each in zip(match.groups(), _SECONDS.values(), strict=True))
    if seconds * 10**9 > _LARGEST:
        raise ValueError("must be at most 292 years, because Prometheus counts nanoseconds in 64 bits")
    return timedelta(seconds=seconds)


def duration_text(length: timedelta) -> str:
    """A length of whole seconds as the shortest Prometheus duration: "1d12h"."""
    rest, text = length // timedelta(seconds=1), ""
    for unit, seconds in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
