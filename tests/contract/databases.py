"""The databases a catalog can live in, each reachable through Mooring and through bare SQL."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import psycopg
import pytest

Row = tuple[object, ...]


class Refused(Exception):
    """The database did not take a statement."""


class Database(Protocol):
    """An empty database for one test."""

    dsn: str
    kind: str

    def sql(self, *statements: str, values: Row = ()) -> list[Row]:
        """Runs statements on one connection of its own; ``?`` stands for the last one's values."""


class SqliteFile:
    """A file opened as any tool would open it: without foreign keys."""

    kind = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dsn = f"sqlite:///{path}"

    def sql(self, *statements: str, values: Row = ()) -> list[Row]:
        """As the protocol says."""
        *before, last = statements
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            try:
                for statement in before:
                    connection.execute(statement)
                return list(connection.execute(last, values))
            except sqlite3.DatabaseError as error:
                raise Refused(str(error)) from error


class PostgresSchema:
    """A schema of a server that the test session has started."""

    kind = "postgres"

    def __init__(self, folder: Path, schema: str) -> None:
        self._server = f"host={folder} user=mooring dbname=postgres"
        self._schema = schema
        options = quote(f"-csearch_path={schema}")
        self.dsn = f"postgresql+psycopg://mooring@/postgres?host={folder}&options={options}"
        with self._connect("public") as connection:
            connection.execute(b"CREATE SCHEMA " + schema.encode())

    def session(self) -> psycopg.Connection[Row]:
        """A connection in a transaction of its own, for the caller to end."""
        connection = self._connect(self._schema)
        connection.autocommit = False
        return connection

    def _connect(self, schema: str) -> psycopg.Connection[Row]:
        options = f"-csearch_path={schema}"
        return psycopg.connect(self._server, autocommit=True, options=options)

    def sql(self, *statements: str, values: Row = ()) -> list[Row]:
        """As the protocol says."""
        *before, last = statements
        with self._connect(self._schema) as connection:
            try:
                for statement in before:
                    connection.execute(statement.encode())
                found = connection.execute(last.replace("?", "%s").encode(), values)
                return found.fetchall() if found.description else []
            except psycopg.Error as error:
                raise Refused(str(error)) from error


@contextmanager
def postgres_server() -> Iterator[Path]:
    """A PostgreSQL of its own on a Unix socket; skips the test where there is none to start."""
    if not (shutil.which("initdb") and shutil.which("pg_ctl")):
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed")
    folder = Path(tempfile.mkdtemp(prefix="mooring-pg-", dir="/tmp"))  # a short path
    data = str(folder / "data")
    started = False
    try:
        as_user = _not_as_root(folder)
        _call(*as_user, "initdb", "-D", data, "-U", "mooring", "-A", "trust", "-N", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        _call(*as_user, "pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        started = True
        yield folder
    finally:
        if started:
            _call(*as_user, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _not_as_root(folder: Path) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root; the user that packages make for it owns the folder."""
    if os.geteuid() != 0:
        return ()
    runuser = shutil.which("runuser")
    try:
        shutil.chown(folder, "postgres")
    except LookupError:
        runuser = None
    if runuser is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres to run it as")
    return runuser, "-u", "postgres", "--"


def _call(*command: str) -> None:
    # The server keeps what it inherits open, so a pipe would never end.
    ended = subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=60,
        cwd="/",
    )
    if ended.returncode != 0:
        pytest.skip(f"PostgreSQL does not start here: {' '.join(command[-6:])}")
