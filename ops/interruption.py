"""Ctrl-C, kept. The Kubernetes client and the web socket below it take it for an error of the connection in places."""

import contextlib
import signal
import threading
from collections.abc import Generator
from types import FrameType

_pressed = threading.Event()


@contextlib.contextmanager
def kept() -> Generator[None]:
    """Within it, Ctrl-C raises KeyboardInterrupt as ever, and again at the next `check` if that got lost."""
    former = signal.signal(signal.SIGINT, _press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        _pressed.clear()


def check() -> None:
    """KeyboardInterrupt, if Ctrl-C was pressed."""
    if _pressed.is_set():
        raise KeyboardInterrupt


def _press(_number: int, _frame: FrameType | None) -> None:
    _pressed.set()
    raise KeyboardInterrupt
