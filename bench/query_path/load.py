"""Asks a target for a dashboard, and compares answers."""

import json
import math
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.query_path.dashboard import CONCURRENCY, Request

TIMEOUT = 300


class LoadError(Exception):
    """An answer is an error, or lacks data."""


def ask(url: str, requests: Sequence[Request]) -> tuple[float, list[bytes]]:
    """Asks for all panels, six at a time. Returns the seconds until the last had come, and the answers."""
    with ThreadPoolExecutor(max_workers=CONCURRENCY) as pool:
        begun = time.perf_counter()
        answers = list(pool.map(lambda request: _get(url, request), requests))
        return time.perf_counter() - begun, answers


def _get(url: str, request: Request) -> bytes:
    # No max_source_resolution: Query chooses a fifth of the step. Grafana's `auto` is the same where raw data is there.
    form = {"query": request.query, "start": request.start, "end": request.end, "step": request.step}
    try:
        with urllib.request.urlopen(
            f"{url}/api/v1/query_range", urllib.parse.urlencode(form).encode(), timeout=TIMEOUT
        ) as response:
            return response.read()
    except OSError as error:
        raise LoadError(f"{request.query} from {url}: {error}") from error


def points(answer: bytes) -> dict[tuple[str, float], float]:
    """Every point of an answer by series and time. LoadError if it is partial or empty."""
    document = json.loads(answer)
    if document.get("warnings") or not document["data"]["result"]:
        raise LoadError(f"an answer is empty or partial: {document.get('warnings')}")
    return {
        (json.dumps(series["metric"], sort_keys=True), at): float(value)
        for series in document["data"]["result"]
        for at, value in series["values"]
    }


def differing(left: dict, right: dict) -> int:
    """How many points only one of two answers has, or both with another value.

    Sums of floats depend on the order of their parts, which Query does not fix, in the last digits.
    """
    shared = left.keys() & right.keys()
    unequal = sum(not _same(left[key], right[key]) for key in shared)
    return len(left) + len(right) - 2 * len(shared) + unequal


def _same(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=1e-9) or (math.isnan(left) and math.isnan(right))
