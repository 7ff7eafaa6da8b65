"""The loads, each asked of all targets in turn."""

import time
from collections.abc import Iterator, Sequence

from bench.query_path import dashboard, load
from bench.query_path.dashboard import DAY, HOUR, Request
from bench.query_path.report import Bar, Sample
from bench.query_path.targets import DIRECT, Target
from local import progress

COLD, REPEATED, NEVER = "cold", "repeated", "never repeated"
SLIDING, WORN = "sliding", "6 h, open for days"
BARS = (Bar(REPEATED, 1 / 10), Bar(NEVER, 1.25))
SLIDES = 20
NEVER_PER_ROUND = 3
WORN_TURNS = 10
#: Since the end of the largest block, where parts of every length begin anew.
WORN_DAYS = 6
REFRESH_SECONDS = 60
#: Caches are written after the answer: that belongs to the load, and must not disturb the next one.
SETTLE_SECONDS = 0.5


class Measurement:
    """Collects samples; `differing` and `compared` count points of answers that were compared with the direct ones."""

    def __init__(self, targets: Sequence[Target], end: int):
        self.targets = targets
        #: Windows slide on from here, and the data must not end before they do.
        self.end = end - 10 * HOUR
        self.samples: list[Sample] = []
        self.differing = self.compared = 0
        self._nonce = 0

    def warm_up(self) -> None:
        """Has every Store fetch its index headers, which no load is meant to pay for."""
        for target in self.targets:
            load.ask(target.url, dashboard.requests(self.end))

    def rounds(self, count: int) -> None:
        """Cold, repeated and never repeated."""
        for turn in range(count):
            with progress.step(f"round {turn + 1} of {count}"):
                requests = dashboard.requests(self.end)
                answers = {}
                for target in self._turn(turn):
                    target.flush()
                    answers[target.name] = self._ask(COLD, target, turn, requests)
                for target in self._turn(turn):
                    again = self._ask(REPEATED, target, turn, requests)
                    if turn == 0 and target.name != DIRECT:
                        self._compare(answers[DIRECT], answers[target.name])
                        self._compare(answers[DIRECT], again)
                for number in range(NEVER_PER_ROUND):
                    self._nonce += 1
                    requests = dashboard.requests(self.end, nonce=self._nonce)
                    for target in self._turn(turn + number):
                        self._ask(NEVER, target, turn * NEVER_PER_ROUND + number, requests)

    def sliding(self) -> None:
        """The dashboard again and again while time goes on."""
        with progress.step(f"sliding: {SLIDES} steps"):
            for turn in range(SLIDES):
                requests = dashboard.requests(self.end, slid=turn + 1)
                answers = {target.name: self._ask(SLIDING, target, turn, requests) for target in self._turn(turn)}
            for name, answer in answers.items():
                if name != DIRECT:
                    self._compare(answers[DIRECT], answer)

    def worn(self) -> None:
        """A short dashboard that was open for days, at every refresh.

        What is cached under one key grows to the length of a part, and is read, merged and written as a whole.
        """
        span, step = dashboard.SHORT[0]
        with progress.step(f"6 h: {WORN_DAYS} days of use"):
            for target in self.targets:
                if target.name != DIRECT:
                    for end in range(self.end - WORN_DAYS * DAY + span, self.end, span * 3 // 4):
                        load.ask(target.url, dashboard.requests(end, spans=dashboard.SHORT))
        with progress.step("6 h: refreshed"):
            for turn in range(WORN_TURNS):
                requests = dashboard.requests(self.end, spans=dashboard.SHORT, slid=REFRESH_SECONDS // step * turn)
                for target in self._turn(turn):
                    self._ask(WORN, target, turn, requests)

    def _turn(self, turn: int) -> Iterator[Target]:
        """All targets; each comes first in its turn."""
        first = turn % len(self.targets)
        yield from (*self.targets[first:], *self.targets[:first])

    def _ask(self, name: str, target: Target, turn: int, requests: Sequence[Request]) -> list[bytes]:
        before = target.counters()
        seconds, answers = load.ask(target.url, requests)
        time.sleep(SETTLE_SECONDS)
        after = target.counters()
        counters = {counter: after[counter] - before[counter] for counter in before}
        self.samples.append(Sample(name, target.name, turn, seconds, counters))
        return answers

    def _compare(self, direct: list[bytes], other: list[bytes]) -> None:
        for left, right in zip(map(load.points, direct), map(load.points, other), strict=True):
            self.compared += len(left)
            self.differing += load.differing(left, right)
