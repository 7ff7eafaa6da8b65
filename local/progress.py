"""Progress of long steps: what is being done and for how long, on a terminal and in a log alike."""

import contextlib
import threading
import time
from collections.abc import Iterator

from rich.console import Console

_console = Console(highlight=False, soft_wrap=True)
_started = time.monotonic()
#: Seconds between the lines that say that a step still goes on.
HEARTBEAT = 15


def say(text: str, style: str | None = None) -> None:
    _console.print(text, style=style, markup=False)


def complain(text: str) -> None:
    """To standard error, where the output is for programs."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, style="red", markup=False)


def elapsed() -> float:
    """Seconds since the command began."""
    return time.monotonic() - _started


@contextlib.contextmanager
def step(text: str, *, speaks: bool = False) -> Iterator[None]:
    """Says what begins, every 15 s that it goes on, and how long it took. Steps may run side by side in threads.

    speaks: the step shows its own progress, so nothing is said in between.
    """
    begun = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT):
            say(f"{_clock()}   … {text} ({time.monotonic() - begun:.0f} s)", "dim")

    say(f"{_clock()} {text}")
    if not speaks:
        threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    except BaseException:
        say(f"{_clock()} ✗ {text}: failed after {time.monotonic() - begun:.1f} s", "red")
        raise
    else:
        say(f"{_clock()} ✓ {text} ({time.monotonic() - begun:.1f} s)", "green")
    finally:
        done.set()


def _clock() -> str:
    return f"[{int(elapsed()) // 60:02d}:{int(elapsed()) % 60:02d}]"
