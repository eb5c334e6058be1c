"""One suite over every database a catalog can live in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from mooring.lineage.catalog.engine import Catalog, open_catalog
from tests.contract.databases import Database, PostgresSchema, SqliteFile, postgres_server

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The folder of a running PostgreSQL's socket."""
    with postgres_server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return SqliteFile(tmp_path / "catalog.db")
    folder: Path = request.getfixturevalue("postgres")
    return PostgresSchema(folder, f"test_{next(_NUMBERS)}")


@pytest.fixture
def catalog(database: Database) -> Iterator[Catalog]:
    """A new catalog in that database."""
    opened = open_catalog(database.dsn)
    yield opened
    opened.close()
