"""Opening the catalog, and its transactions."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from mooring.errors import CatalogError, NoVerdict
from mooring.lineage.catalog.guards import GUARDED, guards
from mooring.lineage.catalog.schema import (
    TABLE_OF,
    VERSION,
    catalog_version,
    deployment_revision,
    metadata,
)
from mooring.lineage.values import Fact
from mooring.lineage.wal import enter_wal

_BUSY_SECONDS = 30
_WRITE_LOCK = 77001
"""PostgreSQL's advisory lock that stands for SQLite's one writer."""

_FIX_SQLITE = "check that you may write there and that the disk has room; else restore a backup"
_FIX_SERVER = "check [storage] catalog, and that the database is up"


class Transaction:
    """Reads and appends that happen together or not at all."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def append(self, *facts: Fact) -> None:
        """Appends facts in the order given.

        Raises
        ------
        NoVerdict
            For an arm whose model version has no passing verdict and no override (P2).
        CatalogError
            For a fact that contradicts the catalog.
        """
        for fact in facts:
            row = {f.name: _plain(getattr(fact, f.name)) for f in fields(fact)}
            self.connection.execute(insert(TABLE_OF[type(fact)]).values(row))

    def append_once(self, *facts: Fact) -> None:
        """Appends the facts whose key is not in the catalog yet; for content-addressed ones."""
        for fact in facts:
            table = TABLE_OF[type(fact)]
            same = [c == getattr(fact, c.name) for c in table.primary_key]
            if self.connection.execute(select(1).select_from(table).where(*same)).first() is None:
                self.append(fact)


def _cure(engine: Engine) -> str:
    return _FIX_SQLITE if engine.dialect.name == "sqlite" else _FIX_SERVER


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


class Catalog:
    """The record of what was made from what, what was judged, and what served when.

    Parameters
    ----------
    engine : Engine
        Made by :func:`open_catalog`.
    """

    def __init__(self, engine: Engine) -> None:
        self._reading = engine
        if engine.dialect.name == "postgresql":
            # Its default shows each statement another state; an answer is made of several.
            self._reading = engine.execution_options(isolation_level="REPEATABLE READ")
        self._writing = engine.execution_options(mooring_writes=True)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view of the catalog."""
        with self._translated(), self._reading.begin() as connection:
            yield Transaction(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that appends; it holds the write lock from its start."""
        with self._translated(), self._writing.begin() as connection:
            yield Transaction(connection)

    def close(self) -> None:
        """Gives the connections back."""
        self._reading.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise _refusal(error) from error
        except (DBAPIError, sqlite3.Error) as error:
            raise CatalogError(
                f"the catalog cannot be used: {getattr(error, 'orig', error)}",
                where=str(self._reading.url),
                fix=_cure(self._reading),
            ) from error


_RULES_OF_VERDICTS = (
    "no traffic without a passing verdict",
    "no_traffic_without_a_verdict",
    "only_a_pass_or_an_override",
)


def _refusal(error: IntegrityError) -> CatalogError:
    text = str(error.orig)
    if any(rule in text for rule in _RULES_OF_VERDICTS):
        return NoVerdict(
            "no traffic without a passing verdict or a recorded override",
            fix="mooring run makes and judges a candidate; mooring override records an exception",
        )
    if deployment_revision.name in text:
        return CatalogError(
            "another revision of the traffic was written at the same moment, and it holds",
            fix="look at mooring lineage, and say again what is still wanted",
        )
    what, *detail = text.splitlines()
    return CatalogError(f"the catalog refuses this: {what}", where=" ".join(detail))


def open_catalog(dsn: str) -> Catalog:
    """Opens the catalog, creating its tables in an empty database.

    Parameters
    ----------
    dsn : str
        A SQLAlchemy address: ``sqlite:////abs/catalog.db`` or ``postgresql+psycopg://…``.

    Raises
    ------
    CatalogError
        When the address is wrong, the database cannot be reached, or a newer Mooring made it.
    """
    engine = _engine(dsn)
    try:
        _prepare(engine)
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        raise CatalogError(
            f"the catalog cannot be opened: {getattr(error, 'orig', error)}",
            where=str(engine.url),
            fix=_cure(engine),
        ) from error
    except CatalogError:
        engine.dispose()
        raise
    return Catalog(engine)


def _engine(dsn: str) -> Engine:
    try:
        url = make_url(dsn)
        if url.get_backend_name() not in GUARDED:
            raise CatalogError(
                f"a catalog cannot live in {url.get_backend_name()}",
                where="storage.catalog",
                fix="write sqlite:////path/catalog.db or postgresql+psycopg://user@host/database",
            )
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, json_serializer=_to_json)
    except (ArgumentError, NoSuchModuleError) as error:
        raise CatalogError(f"not a catalog address: {error}", where="storage.catalog") from error
    except ModuleNotFoundError as error:
        raise CatalogError(
            f"the catalog's driver {error.name!r} is not installed",
            where="storage.catalog",
            fix="write postgresql+psycopg://… and: pip install 'mooring[postgres]'",
        ) from error
    except OSError as error:
        raise CatalogError(
            f"the catalog's folder cannot be made: {error.strerror}",
            where=str(error.filename),
            fix="make room for a folder of that name that you may write to",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _to_json(value: object) -> str:
    """JSON that every database takes: NaN and the infinities, which it does not have, are null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value))


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _configure_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_SECONDS * 1000}",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    enter_wal(connection, _BUSY_SECONDS)


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that starts by reading cannot wait for the lock: it fails at once.
    writes = connection.get_execution_options().get("mooring_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("mooring_writes"):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_BUSY_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")


def _prepare(engine: Engine) -> None:
    with engine.connect() as connection:
        exists = inspect(connection).has_table(catalog_version.name)
        # Each upgrade appends its version; the newest is the one it has.
        newest = select(func.max(catalog_version.c.version))
        found = connection.execute(newest).scalar() if exists else None
    if found is not None and found > VERSION:
        raise CatalogError(
            f"the catalog is of version {found}, newer than this Mooring reads ({VERSION})",
            where=str(engine.url),
            fix="pip install --upgrade mooring",
        )
    if found is None or found < VERSION:
        _create(engine.execution_options(mooring_writes=True))


def _create(engine: Engine) -> None:
    with engine.begin() as connection:
        # Two processes may open an empty database together; the second finds it made. A catalog
        # of an older version gets the tables and the guards that it lacks; no row is changed.
        metadata.create_all(connection)
        found = connection.execute(select(func.max(catalog_version.c.version))).scalar()
        if found is not None and found >= VERSION:
            return
        for statement in guards(connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.execute(insert(catalog_version).values(version=VERSION))
