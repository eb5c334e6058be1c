"""What the catalog keeps of a run's steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from mooring.errors import CatalogError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import open_catalog
from mooring.lineage.values import RunDataset
from mooring.pipeline.recording import CatalogRecorder, add_event
from tests.facts import AT, Story, dataset, run


def test_p9_a_result_and_its_facts_are_recorded_together(tmp_path: Path) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path}/c.db")
    Story(catalog).made(1, outcome=None)
    recorder = CatalogRecorder(catalog, run(1).id, lambda: AT)
    used = RunDataset(run(1).id, "training", "t1:aa")
    recorder.record("extract", 0.5, {"rows": 3}, (dataset(), used))
    with pytest.raises(CatalogError):
        recorder.record("train", 0.5, {}, (dataset("t1:bb"), used))
    again = CatalogRecorder(catalog, run(1).id, lambda: AT)
    assert again.recorded("extract") == {"rows": 3}
    assert again.recorded("train") is None
    again.refuse((dataset(), dataset("t1:cc")))
    with catalog.read() as tx:
        assert queries.datasets_like(tx, "t1:") == ("t1:aa", "t1:cc")
        assert [r.step for r in queries.step_results(tx, run(1).id)] == ["extract"]
    catalog.close()


def test_events_of_a_run_are_numbered(tmp_path: Path) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path}/c.db")
    Story(catalog).made(1, outcome=None)
    with catalog.write() as tx:
        add_event(tx, run(1).id, "crashed", lambda: AT, {"steps_done": []})
        add_event(tx, run(1).id, "resumed", lambda: AT)
    with catalog.read() as tx:
        events = queries.run_events(tx, run(1).id)
    assert [(e.number, e.kind) for e in events] == [(1, "started"), (2, "crashed"), (3, "resumed")]
    catalog.close()
