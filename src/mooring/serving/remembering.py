"""Which revision was served last, kept beside the prediction log: a restored catalog is noticed.

A catalog that was put back from a backup is whole and has valid verdicts, and yet it may give the
traffic to a version that was taken back since. What is served is written down outside it, so that
going back in time needs somebody's word: a change of the traffic made after the restore.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from mooring.errors import CatalogError
from mooring.lineage.blobs import write_durably
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.values import DeploymentRevision

_logger = logging.getLogger(__name__)


class Served(msgspec.Struct, frozen=True):
    """The revision that a server took over last."""

    revision: str
    number: int
    at: datetime


class Memory(Protocol):
    """Where a server writes down what it serves."""

    def last(self) -> Served | None:
        """What was served last, by this server or one before; None when nobody knows."""
        ...

    def keep(self, served: Served) -> None:
        """Writes down what is served now."""
        ...


class FileMemory:
    """One small file, written whole or not at all.

    Parameters
    ----------
    path : Path
        Beside the prediction log; servers of one project share it, and the newest revision stays.

    Examples
    --------
    ``FileMemory(settings.state / "predictions" / "served.json").last()``
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> Served | None:
        """The newest revision that was served; a file that is damaged is reported and not used."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Served)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            _logger.warning(
                "%s cannot be read, so a restored catalog goes unnoticed: %s", *(self._path, error)
            )
            return None

    def keep(self, served: Served) -> None:
        """Writes it down; a disk that is full costs the memory, never the service."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(self._path, msgspec.json.encode(served))
        except OSError as error:
            _logger.warning("what is served cannot be written down: %s", error)


def check_memory(
    tx: Transaction, last: Served | None, revision: DeploymentRevision | None, deployment: str
) -> None:
    """Refuses a catalog that has never heard of what was served, unless somebody decided since.

    Raises
    ------
    CatalogError
        Naming both revisions and what to type.
    """
    if last is None or (revision is not None and revision.id == last.revision):
        return
    if queries.knows_revision(tx, last.revision):
        return
    if revision is not None and revision.at > last.at:
        return
    now = f"its newest is {revision.number} of {revision.at:%Y-%m-%d %H:%M}" if revision else "none"
    raise CatalogError(
        f"the catalog does not know revision {last.number} of {deployment}, which was served last: "
        "it is older than that, such as a restored backup",
        where=f"served since {last.at:%Y-%m-%d %H:%M} UTC; {now}",
        fix="restore a newer backup; or say what shall serve: mooring promote <version> "
        '--because "…"',
    )
