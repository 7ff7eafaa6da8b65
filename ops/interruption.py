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


class Noted:
    """A signal that waits to be asked for."""

    number: int | None = None
    """None: there was none."""


@contextlib.contextmanager
def noted() -> Generator[Noted]:
    """Within it, Ctrl-C, SIGTERM and the end of the terminal stop nothing by themselves."""
    note = Noted()

    def handle(number: int, _frame: FrameType | None) -> None:
        note.number = number

    former = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield note
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def check() -> None:
    """KeyboardInterrupt, if Ctrl-C was pressed."""
    if _pressed.is_set():
        raise KeyboardInterrupt


def _press(_number: int, _frame: FrameType | None) -> None:
    _pressed.set()
    raise KeyboardInterrupt
