"""Kubernetes quantities and Prometheus durations, as numbers to compare."""

import re
from datetime import timedelta
from decimal import Decimal

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)([numkMGTPE]|[KMGTPE]i)?")
_FACTORS = {
    None: Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}
_DURATION = re.compile(r"(?=.)(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity ("500m", "50Gi") in its base unit: cores or bytes.

    ValueError if it is none; signs and exponents are not taken.
    """
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise ValueError("must be a Kubernetes quantity such as 500m, 2, 512Mi or 50Gi")
    return Decimal(match[1]) * _FACTORS[match[2]]


def duration(text: str) -> timedelta:
    """A Prometheus duration ("24h", "1d12h"). ValueError if it is none."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError("must be a duration such as 24h or 1d12h (units w, d, h, m, s, largest first)")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def duration_text(length: timedelta) -> str:
    """A length of whole seconds as the shortest Prometheus duration: "1d12h"."""
    rest, text = length // timedelta(seconds=1), ""
    for unit, seconds in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
