"""The prediction log: what was answered, by whom, and what turned out true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl

    from mooring.clock import Window

Value = float | int | str | bool
"""A prediction, or the label that belongs to one."""


@dataclass(frozen=True, slots=True)
class PredictionRecord:
    """One answered row.

    Parameters
    ----------
    id : str
        The prediction id that the caller was given; labels come back under it.
    at : datetime
        When it was answered, in UTC.
    deployment, model_version : str
        Who answered.
    key : str or None
        What kept the caller on its arm, when something did.
    inputs : bytes
        The row as one canonical JSON object (see :func:`mooring.serving.requests.canonical_rows`).
    prediction : float, int, str or bool
    probabilities : tuple of float or None
        In the order of the model version's classes.
    context : bytes or None
        Fields that are kept beside the inputs, as one JSON object
        (see :func:`mooring.serving.context.context_rows`).
    """

    id: str
    at: datetime
    deployment: str
    model_version: str
    key: str | None
    inputs: bytes
    prediction: Value
    probabilities: tuple[float, ...] | None
    context: bytes | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """What turned out true for a prediction, and when that was known."""

    prediction_id: str
    value: Value
    known_at: datetime


@dataclass(frozen=True, slots=True)
class LabelReceipt:
    """What became of a delivery of labels.

    ``rows == joined + unknown + repeated``; ``examples`` are a few of the unknown prediction ids.
    ``quarantined`` labels are not among the rows; ``told`` is what a contract says of them.
    """

    rows: int
    joined: int
    unknown: int
    repeated: int
    examples: tuple[str, ...]
    quarantined: int = 0
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogCount:
    """How much of the log one model version of a deployment wrote."""

    model_version: str
    rows: int
    labelled: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class LoggedRows:
    """Rows of the log, oldest first.

    Parameters
    ----------
    meta : polars.DataFrame
        ``prediction_id`` String, ``at`` Datetime(us, UTC), ``model_version`` String, ``key``
        String, ``prediction`` and ``label`` Float64 when all are numbers and String otherwise
        (booleans as ``true`` and ``false``), ``probabilities`` List(Float64), ``label_known_at``
        Datetime(us, UTC).
    inputs : tuple of bytes
        The canonical JSON of each row, in the order of ``meta``.
    context : tuple of bytes or None
        What was kept beside the inputs of each row, in the same order.
    """

    meta: pl.DataFrame
    inputs: tuple[bytes, ...]
    context: tuple[bytes | None, ...]


class PredictionLog(Protocol):
    """The append-only record of answers and labels. Several processes may write it at once."""

    def append(self, records: Sequence[PredictionRecord]) -> None:
        """Appends all of the records or none; returns when they are as durable as promised.

        Raises
        ------
        CatalogError
            When they cannot be written: a full disk, a lock held too long, an id used before.
        """
        ...

    def add_labels(
        self, deployment: str, labels: Iterable[Label], received_at: datetime
    ) -> LabelReceipt:
        """Appends labels of predictions in the log; the others are counted and kept out.

        The label known latest wins; of two known at the same instant, the one received later.
        A label that is there already, with the same instant and value, is not added again.
        """
        ...

    def read(
        self,
        deployment: str,
        window: Window | None = None,
        model_version: str | None = None,
        as_of: datetime | None = None,
    ) -> LoggedRows:
        """The rows of a window, each with the label that was known ``as_of`` an instant."""
        ...

    def counts(self, deployment: str, window: Window | None = None) -> tuple[LogCount, ...]:
        """Rows and labelled rows of each model version, in the order of their names."""
        ...

    def close(self) -> None:
        """Gives the log back; what was appended stays."""
        ...
