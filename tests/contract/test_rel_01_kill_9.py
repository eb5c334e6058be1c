"""REL-01: a writer is killed at any moment, and the catalog has all that was acknowledged."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import open_catalog
from mooring.lineage.catalog.schema import deployment_revision
from tests.facts import NAME

pytestmark = pytest.mark.contract

_ROUNDS = 8
_WRITER = """
import sys
from dataclasses import replace
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import open_catalog
from tests.facts import NAME, arm, revision, verdict, run, start, version

catalog = open_catalog(sys.argv[1])
with catalog.read() as tx:
    number = len(queries.revisions(tx, NAME))
while True:
    number += 1
    judged = verdict(f"v{number}", version(number).id)
    with catalog.write() as tx:
        start(tx, run(number))
        tx.append(version(number), judged, revision(number))
        tx.append(arm(revision(number).id, judged))
    print(number, flush=True)
"""


def test_rel_01_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path, chance = tmp_path / "catalog.db", Random(1)  # noqa: S311 - repeatable
    acknowledged = 0
    for _ in range(_ROUNDS):
        acknowledged = max(acknowledged, _write_until_killed(path, chance.randrange(1, 12)))
        with closing(sqlite3.connect(path)) as bare:
            assert bare.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        catalog = open_catalog(f"sqlite:///{path}")
        with catalog.read() as tx:
            traffic = queries.traffic(tx, NAME)
            assert traffic is not None
            assert acknowledged <= traffic.revision.number <= acknowledged + 1
            numbers = [r.number for r in queries.revisions(tx, NAME)]
            assert numbers == list(range(1, traffic.revision.number + 1))
            _check_whole(tx.connection.exec_driver_sql, traffic.revision.number)
        catalog.close()
    assert acknowledged >= _ROUNDS


def _check_whole(run: object, number: int) -> None:
    """A transaction of six facts is there with all of them or with none."""
    assert callable(run)
    for table in ("run", "run_event", "model_version", "verdict", deployment_revision.name, "arm"):
        assert run(f"SELECT count(*) FROM {table}").scalar() == number, table  # noqa: S608


def _write_until_killed(path: Path, after: int) -> int:
    """Kills the writer while it works on what comes after some acknowledgements."""
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, f"sqlite:///{path}"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert writer.stdout is not None
    for _ in range(after):
        said = writer.stdout.readline()
        assert said, "the writer ended by itself"
    writer.kill()
    rest, _ = writer.communicate()
    return int((said + rest).split()[-1])
