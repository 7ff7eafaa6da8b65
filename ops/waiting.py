"""Waits for what others do, and shows what is missing."""

import time
from collections.abc import Callable

from local import progress
from ops import interruption
from ops.errors import OperationError, UnreachableError

#: Seconds between two looks.
INTERVAL = 3


def until(missing: Callable[[], str], seconds: float) -> None:
    """Looks until nothing is missing, and says what is whenever that changes, else every 15 s.

    OperationError after `seconds`, with what was missing then.
    """
    begun = time.monotonic()
    said, at = "", begun
    while text := _ask(missing):
        interruption.check()
        now = time.monotonic()
        if now - begun > seconds:
            raise OperationError(
                f"after {seconds / 60:.0f} min: {text}. Nothing is lost: the same command goes on from here"
            )
        if text != said or now - at >= progress.HEARTBEAT:
            progress.say(f"          … {text} ({now - begun:.0f} s)", "dim")
            said, at = text, now
        time.sleep(INTERVAL)


def _ask(missing: Callable[[], str]) -> str:
    try:
        return missing()
    except UnreachableError as error:
        return str(error)
