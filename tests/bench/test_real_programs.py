"""The benchmark against the real programs, on little data: no times, only what is asked and answered."""

from pathlib import Path

import pytest

from bench.query_path import data, measure, report, targets
from bench.query_path.processes import Processes
from local import tools


@pytest.mark.plugins
def test_cached_answers_are_those_of_query_and_cost_the_store_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "NEVER_PER_ROUND", 1)
    tools.fetch([tools.THANOS, tools.MEMCACHED])
    parameters = data.Data(pods=4)
    objstore = data.filesystem(data.bucket(parameters))
    with Processes(tmp_path / "logs") as processes:
        asked = [
            targets.start(name, processes, tmp_path, objstore, replaced)
            for name, replaced in ((targets.DIRECT, None), (targets.DEFAULT, []))
        ]
        pids = [pid for target in asked for pid in target.pids]
        measured = measure.Measurement(asked, parameters.end)
        measured.rounds(1)
    assert measured.compared > 10_000
    assert measured.differing == 0
    calls = {(row.load, row.target): row.counters["Series calls"] for row in report.rows(measured.samples, "Query")}
    assert calls[measure.REPEATED, targets.DEFAULT] == 0
    assert calls[measure.NEVER, targets.DIRECT] == calls[measure.COLD, targets.DIRECT] == 12
    assert calls[measure.NEVER, targets.DEFAULT] <= 24, "a range is to make two parts at most"
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()], "processes outlived the run"
