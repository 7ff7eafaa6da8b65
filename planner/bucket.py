"""What a fleet's blocks take in the bucket, by resolution, once retention has begun to delete.

There are many more days of data in a bucket than its retention says: a block goes as a whole once its *last* sample is
too old, and what was deleted or compacted into a larger block stays for the delete delay. The days below are fitted to
a simulation of Thanos's planner, downsampling and retention (one stream of blocks, no lag, 7d/30d/180d), which gave:
raw 16.8 days with one copy and a delay of 48h, 12.9 with 12h, 21 with three copies; 5m 40 days; 1h 180 days.
"""

from dataclasses import dataclass
from datetime import timedelta

from planner.fleet import Edge, Fleet

DAY = timedelta(days=1)
#: Bytes of a raw sample in compacted blocks, index included: Mimir's capacity planning; 1.95 was measured at a sample a
#: minute (docs/query-path.md).
RAW_SAMPLE = 2.0
#: A sample of 5m or 1h data is five aggregates. Measured with Thanos 0.42.4 at a 30 s interval: 5m data is 45 % of raw
#: (ten raw samples become one), 1h data 4.3 % (120 become one). A downsampled sample does not depend on the interval,
#: so the share of raw does: it is twice as much at 60 s (measured there: 102 % and 10 %).
FIVE_MINUTES_SAMPLE = 0.45 * 10 * RAW_SAMPLE
ONE_HOUR_SAMPLE = 0.043 * 120 * RAW_SAMPLE
FIVE_MINUTES, ONE_HOUR = timedelta(minutes=5), timedelta(hours=1)
#: Half the span of an expired block, on average over blocks of two and of fourteen days.
RAW_SPAN = 4.6
#: Days of data for each day of delay: expired blocks, and the sources of compacted ones.
RAW_DELAYS = 2.6
#: Copies live until the first compaction, and their blocks for the delete delay after it.
COPIES_MERGED = 0.1
#: Blocks of fourteen days, and their sources.
FIVE_MINUTES_SPAN = 8.0
#: As for 5m data, less the fortnight in which there is no 1h data yet.
ONE_HOUR_SPAN = -2.0
#: What is kept for ever is counted as it is after the first year.
FOR_EVER = timedelta(days=365)


@dataclass(frozen=True)
class Stored:
    """Bytes by resolution."""

    raw: float
    five_minutes: float
    one_hour: float

    @property
    def total(self) -> float:
        return self.raw + self.five_minutes + self.one_hour


def daily(edges: tuple[Edge, ...]) -> Stored:
    """Bytes that a day of the edges' samples takes in compacted blocks, one copy of each sample."""

    def samples(resolution: timedelta) -> float:
        """Windows without a sample have none downsampled."""
        return sum(edge.sent * (DAY / max(edge.interval, resolution)) for edge in edges)

    return Stored(
        samples(timedelta(0)) * RAW_SAMPLE,
        samples(FIVE_MINUTES) * FIVE_MINUTES_SAMPLE,
        samples(ONE_HOUR) * ONE_HOUR_SAMPLE,
    )


def stored(fleet: Fleet) -> Stored:
    """Bytes in the bucket. Copies by Receive are merged (compactor.verticalCompaction is required for them)."""
    delay = fleet.delete_delay / DAY
    day = daily(fleet.writers)
    days = _days(fleet.raw) + RAW_SPAN + RAW_DELAYS * delay
    copies = (fleet.replication_factor - 1) * (delay + COPIES_MERGED)
    five_minutes = _days(fleet.five_minutes) + FIVE_MINUTES_SPAN + delay
    one_hour = max(0.0, _days(fleet.one_hour) + ONE_HOUR_SPAN + delay)
    # The blocks of Prometheus come from its sidecars, once each.
    own = Stored(0, 0, 0) if fleet.prometheus_writes else daily((fleet.own,))
    return Stored(
        day.raw * (days + copies) + own.raw * days,
        (day.five_minutes + own.five_minutes) * five_minutes,
        (day.one_hour + own.one_hour) * one_hour,
    )


def _days(retention: timedelta) -> float:
    return (retention or FOR_EVER) / DAY
