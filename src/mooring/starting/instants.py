"""Which column is the time of a row: when it happened, and so when its inputs were known."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import polars as pl

from mooring.errors import UnknownName, UnreadableData, UsageError
from mooring.reading.casting import as_type

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_FOREIGN = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}([ T].*)?|\d{4}/\d{1,2}/\d{1,2}([ T].*)?")
_EXACT = re.compile(r"(event|request|prediction)?_?(timestamp|datetime|date_?time|date|time|ts)")
_BEGINS = re.compile(
    r"event|timestamp|creat|start|order|request|pickup|transact|occur|open|issue|appli|record"
    r"|observ|measur|book|purchas|sched|sent|begin|admission"
)
_ENDS = re.compile(
    r"label|end|finish|updat|modif|clos|resol|due|deliver|return|expir|dropoff|drop_off|arriv|arr_"
    r"|complet|shipp|last|cancel|paid|settle|discharge|churn"
)
_NEVER = re.compile(r"birth|dob|born|expir|valid_?(to|until)")
_CLOCK = re.compile(r"timestamp|epoch|unix|(^|_)ts$|_at$|(^|_)time(_?ms)?$")
_EPOCHS = ((5e8, 3e9), (5e11, 3e12), (5e14, 3e15))  # seconds, milli-, microseconds since 1970

DATED = (pl.Date, pl.Datetime)
"""Types of columns that say when."""
MOST_MISSING = 0.05
LARGEST_TIE = 0.25
FEWEST_INSTANTS = 10


@dataclass(frozen=True, slots=True)
class Time:
    """The column of instants, or None when the order of the rows is the time; and why."""

    column: str | None
    reason: str


def read_instants(frame: pl.DataFrame, skip: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """Text that is ISO dates or instants all the way, as such; with the types to declare for it.

    Parameters
    ----------
    frame : polars.DataFrame
    skip : str
        The target, which stays as it is.
    """
    types: dict[str, str] = {}
    for column in frame.iter_columns():
        kind = None if column.name == skip else _iso_kind(column)
        if kind is None:
            continue
        try:
            parsed = as_type(column, kind, "")
        except UnreadableData:  # swallow: then it is text that only begins like dates
            continue
        types[column.name] = kind
        frame = frame.with_columns(parsed)
    return frame, types


def holds_other_dates(column: pl.Series) -> bool:
    """Whether text holds dates in a form that is not ISO 8601, such as ``31/01/2024``."""
    head = column.drop_nulls().head(100).cast(pl.String).to_list()
    return bool(head) and all(_FOREIGN.fullmatch(text.strip()) for text in head)


def choose_time(frame: pl.DataFrame, target: str, asked: str | None = None) -> Time:
    """The column that says when a row happened.

    Among columns of dates and instants the one whose name speaks of a beginning is preferred to one
    that speaks of an end; then one that the rows are in the order of; then the earliest.

    Parameters
    ----------
    frame : polars.DataFrame
        With text already read as instants.
    target : str
        Never the time.
    asked : str, optional
        The column that a person named.

    Raises
    ------
    UnknownName
        When there is no column of the asked name.
    UsageError
        When the asked column cannot be put in order as a time.
    """
    if asked is not None:
        _check_asked(frame, target, asked)
        return Time(asked, "as asked")
    dated = [c for c in frame.iter_columns() if isinstance(c.dtype, DATED)]
    dated = [c for c in dated if c.name != target]
    if dated:
        usable = [c for c in dated if _is_usable(c)]
        if usable:
            return _best(usable, len(dated))
        names = ", ".join(repr(c.name) for c in dated)
        return Time(
            None, f"{names} cannot be it: missing too often, too few instants, or no event's date"
        )
    for column in frame.iter_columns():
        if column.name != target and _is_epoch(column) and _is_usable(column):
            return Time(column.name, "its name and range are those of a Unix time")
    return Time(None, "no column holds dates or instants")


def _iso_kind(column: pl.Series) -> str | None:
    if not isinstance(column.dtype, pl.String | pl.Categorical):
        return None
    head = column.drop_nulls().head(100).cast(pl.String).to_list()
    if not head or not all(_ISO.fullmatch(text) for text in head):
        return None
    return "date" if all(len(text) == len("2024-01-31") for text in head) else "datetime"


def _check_asked(frame: pl.DataFrame, target: str, asked: str) -> None:
    if asked not in frame.columns:
        near = difflib.get_close_matches(asked, frame.columns, n=1)
        raise UnknownName(
            f"there is no column {asked!r} to be the time",
            where=f"the columns are {', '.join(frame.columns[:20])}",
            fix=f"did you mean {near[0]!r}?" if near else "name one of them: --time",
        )
    dtype = frame.schema[asked]
    if asked == target:
        raise UsageError(f"{asked!r} is the target, so it cannot be the time", fix="change --time")
    if not (dtype.is_integer() or dtype.is_float() or isinstance(dtype, DATED)):
        raise UsageError(
            f"{asked!r} holds {dtype}, which is not a time",
            where=f"such as {frame[asked].drop_nulls().head(1).to_list()}",
            fix="write instants as 2024-01-31T10:00:00 (ISO 8601), or leave --time out",
        )


def _is_usable(column: pl.Series) -> bool:
    """Whether rows can be divided by it: hardly ever missing, and no instant holds a crowd."""
    present = column.drop_nulls()
    if not present.len() or column.null_count() > MOST_MISSING * column.len():
        return False
    if _NEVER.search(column.name.casefold()):
        return False
    sizes = present.value_counts()["count"]
    few = sizes.len() < min(FEWEST_INSTANTS, column.len() / 2)
    largest = sizes.max()
    return not few and isinstance(largest, int) and largest <= max(1, LARGEST_TIE * column.len())


def _best(columns: list[pl.Series], count: int) -> Time:
    ranked = sorted(columns, key=lambda c: (-_merit(c), _middle(c)))
    best = ranked[0]
    order = "its rows are in this order" if best.is_sorted() else "the file is not in this order"
    if count == 1:
        return Time(best.name, f"the only column of dates; {order}")
    others = ", ".join(repr(c.name) for c in columns if c is not best)
    return Time(best.name, f"by its name and order{f', rather than {others}' if others else ''}")


def _merit(column: pl.Series) -> float:
    name = column.name.casefold()
    merit = 5.0 if _EXACT.fullmatch(name) else 3.0 * bool(_BEGINS.search(name))
    merit -= 6.0 * bool(_ENDS.search(name))
    return merit + 2.0 * column.is_sorted() + 0.5 * isinstance(column.dtype, pl.Datetime)


def _middle(column: pl.Series) -> float:
    middle = seconds(column).median()
    return middle if isinstance(middle, float) else 0.0


def seconds(column: pl.Series) -> pl.Series:
    """Instants as seconds since 1970 UTC."""
    return column.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64) / 1e6


def span_days(column: pl.Series) -> float:
    """Days from the first instant to the last."""
    low, high = seconds(column).min(), seconds(column).max()
    if not isinstance(low, float) or not isinstance(high, float):
        return 0.0
    return (high - low) / 86_400


def _is_epoch(column: pl.Series) -> bool:
    if not column.dtype.is_integer() or not _CLOCK.search(column.name.casefold()):
        return False
    low, high = column.min(), column.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return False
    return any(start < low <= high < end for start, end in _EPOCHS)
