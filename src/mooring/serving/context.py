"""What a request says about itself beside its inputs: its entity, and how old its features are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from mooring.clock import parse_instant
from mooring.errors import RequestError, UsageError
from mooring.serving.columns import MISSING, shown

if TYPE_CHECKING:
    from mooring.serving.requests import Table

Unknown = Literal["missing", "unreadable", "future"]
"""Why the age of a row's features is not known; an instant to come is never a fresh one."""
FeatureAge = float | Unknown
"""Seconds from when the features were computed to the answer, or why that is not known."""

CLOCKS = timedelta(seconds=1)
"""How far the clock of whoever computes features may run ahead of the server's: under NTP clocks
differ by tens of milliseconds (RFC 5905). Within it the age is 0."""
_LONGEST = 64
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


@dataclass(frozen=True, slots=True)
class Kept:
    """The fields of a request that the log keeps beside its inputs.

    Parameters
    ----------
    keys : tuple of str
        What names the entity (``serving.log_keys``).
    features_at : str or None
        The instant at which the row's features were computed (``serving.features_at``).
    """

    keys: tuple[str, ...] = ()
    features_at: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """All of them."""
        return self.keys if self.features_at is None else (*self.keys, self.features_at)


def context_rows(table: Table, kept: Kept) -> list[bytes]:
    """What the log keeps of each row beside its inputs: one JSON object; empty without such fields.

    Raises
    ------
    RequestError
        When a key is neither text nor a whole number.

    Examples
    --------
    >>> from mooring.serving.requests import Table
    >>> context_rows(Table({"shop": [7], "temp": [0.3]}, 1), Kept(keys=("shop",)))
    [b'{"shop":7}']
    """
    if not kept.fields:
        return []
    rows: list[dict[str, object]] = [{} for _ in range(table.rows)]
    for name in kept.fields:
        for place, value in enumerate(table.columns.get(name, ())):
            if value is None or value is MISSING or value == "":
                continue
            is_key = name in kept.keys
            rows[place][name] = (
                checked_key(name, value, place + 1) if is_key else str(value)[:_LONGEST]
            )
    return [_encode(row) for row in rows]


def feature_ages(table: Table, kept: Kept, at: datetime) -> list[FeatureAge]:
    """The feature age of each row of a request; empty where no field tells it."""
    if kept.features_at is None:
        return []
    values = table.columns.get(kept.features_at) or [None] * table.rows
    return [feature_age(value, at) for value in values]


def feature_age(value: object, at: datetime) -> FeatureAge:
    """How old features were when they were answered.

    Parameters
    ----------
    value : object
        When they were computed, as ISO 8601 text; without a zone it is UTC.
    at : datetime
        When the row was answered.

    Examples
    --------
    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> feature_age("2026-03-01T10:00", at), feature_age("2026-03-02", at), feature_age(None, at)
    (7200.0, 'future', 'missing')
    """
    if value is None or value is MISSING or value == "":
        return "missing"
    try:
        computed = parse_instant(value if isinstance(value, str) else "")
    except UsageError:
        return "unreadable"
    age = at - computed
    if age < -CLOCKS:
        return "future"
    return max(age, timedelta()) / timedelta(seconds=1)


def logged_context(rows: Sequence[bytes | None]) -> list[Mapping[str, object]]:
    """The kept fields of logged rows; empty where none were kept."""
    return [{} if row is None else _decode(row) for row in rows]


def count_unknown(ages: Iterable[FeatureAge]) -> dict[str, int]:
    """How many ages are not known, by the reason."""
    counts: dict[str, int] = {}
    for age in ages:
        if isinstance(age, str):
            counts[age] = counts.get(age, 0) + 1
    return counts


def checked_key(field: str, value: object, row: int) -> str | int:
    """The value of a key of a request.

    Raises
    ------
    RequestError
        When it is neither text nor a whole number.
    """
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    raise RequestError(
        f"{field}: a key is text or a whole number",
        field=field,
        kind="contract",
        where=f"row {row}: {shown(value)}",
        fix="send text or a whole number, or null",
    )
