"""Opening a catalog: what SQLite is told, and what is said when it cannot be."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from mooring.errors import CatalogError
from mooring.lineage.catalog.engine import Catalog, open_catalog
from tests.facts import revision


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "catalog.db"


def _open(path: Path) -> Catalog:
    return open_catalog(f"sqlite:///{path}")


def test_rel_17_every_connection_waits_syncs_and_checks(path: Path) -> None:
    with closing(_open(path)) as catalog, catalog.read() as one, catalog.read() as two:
        for tx in (one, two):
            said = {
                name: tx.connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            assert list(said.values()) == ["wal", 2, 1, 30_000]


def test_rel_17_a_write_takes_the_lock_at_its_start(path: Path) -> None:
    with (
        closing(_open(path)) as catalog,
        catalog.write(),
        closing(sqlite3.connect(path, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_write_that_waits_too_long_is_an_error_of_ours(path: Path) -> None:
    with closing(_open(path)) as catalog, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with catalog.read() as tx:
            tx.connection.exec_driver_sql("PRAGMA busy_timeout = 1")
        with pytest.raises(CatalogError, match="locked"), catalog.write() as tx:
            tx.append(revision(1))


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("not an address", "not a catalog address"),
        ("nosuch://host/db", "cannot live in nosuch"),
        ("mysql+pymysql://host/db", "cannot live in mysql"),
        ("postgresql+nosuch://host/db", "not a catalog address"),
        ("postgresql+pg8000://host/db", "'pg8000' is not installed"),
        ("postgresql://eve:secret@/db?host=/nowhere", "cannot be opened"),
        ("postgresql+psycopg://eve:secret@/db?host=/nowhere", "cannot be opened"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(dsn: str, says: str) -> None:
    with pytest.raises(CatalogError, match=says) as refused:
        open_catalog(dsn)
    assert "secret" not in str(refused.value), "SEC-26: a password is not printed"


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"these are not the rows you are looking for" * 100)
    with pytest.raises(CatalogError, match="not a database"):
        _open(path)


def test_a_folder_that_cannot_be_made_is_refused(path: Path) -> None:
    path.parent.write_text("a file in its place")
    with pytest.raises(CatalogError, match="folder cannot be made"):
        _open(path)


def test_a_file_that_is_lost_while_open_is_an_error_of_ours(path: Path) -> None:
    with closing(_open(path)) as catalog:
        catalog.close()
        path.write_bytes(b"x" * 8192)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        with pytest.raises(CatalogError), catalog.read():
            pass


def test_the_catalog_is_one_file_in_a_folder_it_makes(path: Path) -> None:
    _open(path).close()
    assert [file.name for file in path.parent.iterdir()] == ["catalog.db"]
    assert stat.S_ISREG(path.stat().st_mode)


def test_a_file_that_is_no_catalog_says_what_to_do(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 99)
    with pytest.raises(CatalogError, match="not a database") as refused:
        _open(path)
    assert "restore a backup" in refused.value.fix
