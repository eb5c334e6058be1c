"""The contract of a table: what each column held when its rows were last accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mooring.errors import ArtifactError, UnreadableData
from mooring.reading.logical import logical_type

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 1
NUMBERS = frozenset({"integer", "float"})
INSTANTS = frozenset({"date", "datetime"})
MOST_CATEGORIES = 200
"""A text column with more distinct values holds names or notes, not categories."""
MOST_DISTINCT = 0.5
"""So does one in which more than this share of the values is distinct."""
_DATED = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")

Class = str | int | bool | float


@dataclass(frozen=True, slots=True)
class ColumnContract:
    """What one column held.

    Parameters
    ----------
    name : str
    type : str
        Logical type: ``integer``, ``float``, ``boolean``, ``string``, ``date``, ``datetime``; or
        the name of a type that is kept but not looked into, such as ``list<float>``.
    nullable : bool
        Whether any value was missing.
    null_rate : float
        Share of missing values, NaN included; 0 without rows.
    minimum, maximum : float or None
        Of the finite values, instants in seconds since 1970 UTC; None when there are none.
    categories : tuple of str or None
        Every distinct value of a text column in alphabetical order; None for other columns, and
        for text that does not repeat or that holds dates.
    """

    name: str
    type: str
    nullable: bool
    null_rate: float
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """What a table held, and what each column is for.

    Parameters
    ----------
    columns : tuple of ColumnContract
    rows : int
    target : str
    time : str or None
    inputs : tuple of str
        Columns a request must have, because ``features`` needs them.
    optional : tuple of str
        Columns a request may have.
    classes : tuple of labels
        The classes of the target, ascending; empty for a regression.
    """

    columns: tuple[ColumnContract, ...]
    rows: int
    target: str
    time: str | None = None
    inputs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    classes: tuple[Class, ...] = ()

    def column(self, name: str) -> ColumnContract | None:
        """The column of this name, or None."""
        return next((column for column in self.columns if column.name == name), None)


class _Header(msgspec.Struct, frozen=True):
    version: int


class _Envelope(msgspec.Struct, frozen=True):
    version: int
    contract: Contract


def infer_contract(  # noqa: PLR0913 - one argument per field, all but the first by name
    frame: pl.DataFrame,
    *,
    target: str,
    time: str | None,
    inputs: Sequence[str] = (),
    optional: Sequence[str] = (),
    classes: Sequence[Class] = (),
    hidden: Sequence[str] = (),
) -> Contract:
    """Describe the columns of a table; the order of its rows does not matter.

    Parameters
    ----------
    frame : polars.DataFrame
    target, time : str
        Columns by role; they need not exist.
    inputs, optional, classes
        See ``Contract``.
    hidden : sequence of str
        Columns whose values must not be written into the contract: keys, notes.

    Examples
    --------
    >>> frame = pl.DataFrame({"x": [1.5, None], "y": [0, 1]})
    >>> x = infer_contract(frame, target="y", time=None).columns[0]
    >>> x.type, x.null_rate, x.minimum
    ('float', 0.5, 1.5)
    """
    return Contract(
        columns=tuple(
            describe(series, hidden=series.name in hidden) for series in frame.iter_columns()
        ),
        rows=frame.height,
        target=target,
        time=time,
        inputs=tuple(inputs),
        optional=tuple(optional),
        classes=tuple(classes),
    )


def describe(series: pl.Series, *, hidden: bool = False) -> ColumnContract:
    """Describe one column; a hidden one without any of its values."""
    missing = missing_count(series)
    column = ColumnContract(
        name=series.name,
        type=type_of(series.dtype),
        nullable=missing > 0,
        null_rate=missing / series.len() if series.len() else 0.0,
    )
    if hidden:
        return column
    if column.type == "string":
        return replace(column, categories=_categories(series))
    if column.type in NUMBERS | INSTANTS:
        finite = as_numbers(series).drop_nulls()
        finite = finite.filter(finite.is_finite())
        return replace(column, minimum=_number(finite.min()), maximum=_number(finite.max()))
    return column


def type_of(dtype: pl.DataType) -> str:
    """The logical type that a contract writes down."""
    try:
        kind = logical_type(dtype)
    except UnreadableData:
        return "object"
    if kind == "decimal":
        return "float"
    return "datetime" if kind.startswith("datetime") else kind


def missing_count(series: pl.Series) -> int:
    """Rows without a value: nulls, and NaN among floats."""
    nulls = series.null_count()
    return nulls + int(series.is_nan().sum()) if series.dtype.is_float() else nulls


def is_missing(series: pl.Series) -> pl.Series:
    """Which rows those are."""
    nulls = series.is_null()
    return nulls | series.is_nan() if series.dtype.is_float() else nulls


def as_numbers(series: pl.Series) -> pl.Series:
    """Numbers as floats, instants in seconds since 1970 UTC."""
    if isinstance(series.dtype, pl.Date | pl.Datetime):
        return series.dt.epoch("us").cast(pl.Float64) / 1e6
    return series.cast(pl.Float64)


def to_bytes(contract: Contract) -> bytes:
    """A contract as JSON, always the same bytes for the same contract."""
    return msgspec.json.encode(_Envelope(version=VERSION, contract=contract))


def from_bytes(data: bytes) -> Contract:
    """The contract that ``to_bytes`` wrote.

    Raises
    ------
    ArtifactError
        When the bytes are not a contract, or were written by a newer version of Mooring.
    """
    try:
        version = msgspec.json.decode(data, type=_Header).version
        if version > VERSION:
            raise ArtifactError(
                f"this contract has format {version}; the newest known here is {VERSION}",
                fix="upgrade mooring",
            )
        return msgspec.json.decode(data, type=_Envelope).contract
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(
            "these bytes are not a contract", where=str(error), fix="train again to make a new one"
        ) from error


def _categories(series: pl.Series) -> tuple[str, ...] | None:
    """All distinct texts, unless they are too many to be categories, or dates."""
    present = series.drop_nulls()
    distinct = present.unique()
    if distinct.len() > min(MOST_CATEGORIES, max(1.0, MOST_DISTINCT * present.len())):
        return None
    texts = sorted(distinct.cast(pl.String).to_list())
    if texts and all(_DATED.fullmatch(text) for text in texts):
        return None
    return tuple(texts)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
