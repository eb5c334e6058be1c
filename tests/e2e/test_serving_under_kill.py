"""P4: what a server has acknowledged is in the log, whatever happens to the server."""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from tests.e2e.project import Project
from tests.e2e.server import Answer, kill, load_on, new_pool, serving

pytestmark = pytest.mark.e2e

SLOW = """
import os
import time


def features(frame):
    time.sleep(float(os.environ.get("SLOW", "0")))
    return quick(frame)
"""


def logged(project: Project) -> Counter[str]:
    """How often each prediction id is in the log."""
    log = project.root / ".mooring" / "predictions" / "log.db"
    with closing(sqlite3.connect(log)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return Counter(row[0] for row in connection.execute("SELECT id FROM prediction"))


def test_p4_acknowledged_predictions_survive_kills_and_take_their_labels(
    trained: Project, tmp_path: Path
) -> None:
    moments = random.Random(4)  # noqa: S311 - repeatable on purpose
    acknowledged: list[str] = []
    for _ in range(3):
        with serving(trained) as server, load_on(server) as load:
            load.reaches(20)
            time.sleep(moments.uniform(0, 0.4))
            kill(server)
        assert {answer.status for answer in load.answers} == {200}
        acknowledged += [answer.id for answer in load.answers]
    with serving(trained) as server:
        acknowledged.append(server.ask(new_pool()).id)
        assert server.end(signal.SIGTERM) == 0
    found = logged(trained)
    assert len(set(acknowledged)) == len(acknowledged)
    assert {name: found[name] for name in acknowledged} == dict.fromkeys(acknowledged, 1)
    assert set(found.values()) == {1}
    labels_join(trained, acknowledged, tmp_path / "labels.csv")


def labels_join(project: Project, ids: list[str], file: Path) -> None:
    known = pl.DataFrame({"prediction_id": [*ids, "no such id"], "label": 41.5})
    known.write_csv(file)
    said = project.mooring("label", str(file))
    assert said.code == 0, said.err
    assert f"{len(ids):,} of {len(ids) + 1:,} labels joined a prediction" in said.out
    assert "1 name no prediction of this log, such as no such id" in said.out
    again = project.mooring("label", str(file))
    assert f"0 of {len(ids) + 1:,} labels joined a prediction" in again.out
    assert f"{len(ids):,} were known already" in again.out


def test_p4_a_server_that_is_stopped_answers_everything_it_accepted(trained: Project) -> None:
    with serving(trained) as server, load_on(server) as load:
        load.reaches(50)
        assert server.end(signal.SIGTERM) == 0
    assert {answer.status for answer in load.answers} <= {200, 503}
    acknowledged = {answer.id for answer in load.answers if answer.status == 200}
    assert logged(trained).keys() == acknowledged


def test_requests_in_flight_are_answered_when_a_server_is_stopped(fresh: Project) -> None:
    fresh.change("pipeline.py", "def features(", "def quick(")
    fresh.write("pipeline.py", (fresh.root / "pipeline.py").read_text() + SLOW)
    assert fresh.mooring("run").code == 0
    answers: list[Answer] = []
    with serving(fresh, slow=0.4) as server:
        callers = [
            threading.Thread(target=lambda: answers.append(server.ask(new_pool())))
            for _ in range(4)
        ]
        for caller in callers:
            caller.start()
        time.sleep(0.2)  # one is being answered, the others wait behind it
        assert not answers
        code = server.end(signal.SIGTERM)
        for caller in callers:
            caller.join()
    assert code == 0
    assert [answer.status for answer in answers] == [200] * 4
    assert logged(fresh).keys() == {answer.id for answer in answers}
