import contextlib
import signal

import pytest

from ops import interruption, waiting
from ops.errors import OperationError, UnreachableError


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(waiting, "INTERVAL", 0)


def test_it_looks_until_nothing_is_missing():
    answers = iter(["two", "one", ""])
    waiting.until(lambda: next(answers), 60)
    assert next(answers, None) is None


def test_who_does_not_answer_is_asked_again():
    answers = iter([UnreachableError("away"), ""])

    def missing() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    waiting.until(missing, 60)
    assert next(answers, None) is None


def test_after_its_time_it_says_what_is_missing():
    with pytest.raises(OperationError, match=r"after 0 min: the ring\. Nothing is lost"):
        waiting.until(lambda: "the ring", 0)


def test_ctrl_c_ends_it_though_a_library_has_swallowed_it():
    def missing() -> str:
        with contextlib.suppress(BaseException):
            signal.raise_signal(signal.SIGINT)
        return "the ring"

    with pytest.raises(KeyboardInterrupt), interruption.kept():
        waiting.until(missing, 5)


def test_ctrl_c_is_over_with_the_command_that_it_ended():
    former = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interruption.kept():
        signal.raise_signal(signal.SIGINT)

    interruption.check()
    assert signal.getsignal(signal.SIGINT) is former
