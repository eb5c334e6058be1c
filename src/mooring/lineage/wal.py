"""Entering SQLite's write-ahead mode when several processes open a new file at once."""

from __future__ import annotations

import sqlite3
import time

_PAUSE_SECONDS = 0.02


def enter_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Switches a database to WAL, waiting for whoever does the same.

    The switch wants the file for itself and, unlike every other statement, does not wait for it
    by itself: SQLite does not call the busy handler there.

    Parameters
    ----------
    patience : float
        Seconds to wait at most.

    Raises
    ------
    sqlite3.OperationalError
        When the file is still in use then, or cannot be written.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
