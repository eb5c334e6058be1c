"""Python objects as a column: numbers, texts, instants, vectors; or one that is not profiled."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import SupportsInt, TypeGuard

import numpy as np
import polars as pl

_MISSING = {"NoneType", "NAType", "NaTType"}
"""Names of types that mean a missing value: Python's, and those of pandas, if it is there."""
_BEYOND = 2**63
_Types = Collection[type]


def from_objects(name: str, values: Sequence[object]) -> pl.Series:
    """A column of Python objects.

    The type is that of all values together, so that it does not change from part to part.

    Parameters
    ----------
    name : str
    values : sequence
        None, NaN and pandas' own missing values are missing. Numbers among texts are read as
        texts, a table's most common accident; instants without a zone as UTC.

    Returns
    -------
    polars.Series
        Of type ``Object``, which is not profiled, when the values have no type in common.

    Examples
    --------
    >>> from_objects("x", ["a", 1, None]).to_list()
    ['a', '1', None]
    """
    types = set(map(type, values))
    gaps = {kind for kind in types if kind.__name__ in _MISSING}
    kinds = types - gaps
    floats = {kind for kind in kinds if issubclass(kind, (float, np.floating, Decimal))}
    if floats and kinds != floats:
        values = [None if type(v) in floats and _is_nan(v) else v for v in values]
        kinds = set(map(type, values)) - gaps - {type(None)}
    if gaps - {type(None)}:
        values = [None if type(v) in gaps else v for v in values]
    if not kinds:
        return pl.Series(name, [None] * len(values), dtype=pl.Null)
    return guarded(name, len(values), lambda: _typed(name, values, kinds))


def unusable(name: str, rows: int) -> pl.Series:
    """A column that says of itself that it is not profiled."""
    return pl.Series(name, [None] * rows, dtype=pl.Object)


def guarded(name: str, rows: int, make: Callable[[], pl.Series]) -> pl.Series:
    """The column that is made, or one that is not profiled: it must not spoil the others."""
    try:
        return make()
    except (pl.exceptions.PolarsError, ArithmeticError, TypeError, ValueError):
        return unusable(name, rows)


def _typed(name: str, values: Sequence[object], kinds: _Types) -> pl.Series:
    for allowed, make in _MAKERS:
        if all(issubclass(kind, allowed) for kind in kinds):
            return make(name, values)
    return unusable(name, len(values))


def _booleans(name: str, values: Sequence[object]) -> pl.Series:
    return pl.Series(name, _each(bool, values), dtype=pl.Boolean)


def _integers(name: str, values: Sequence[object]) -> pl.Series:
    whole = [None if v is None else int(v) for v in values if v is None or _is_integer(v)]
    if any(v is not None and not -_BEYOND <= v < _BEYOND for v in whole):
        return _floats(name, values)
    return pl.Series(name, whole, dtype=pl.Int64)


def _floats(name: str, values: Sequence[object]) -> pl.Series:
    return pl.Series(name, _each(_as_float, values), dtype=pl.Float64)


def _texts(name: str, values: Sequence[object]) -> pl.Series:
    return pl.Series(name, _each(str, values), dtype=pl.String)


def _instants(name: str, values: Sequence[object]) -> pl.Series:
    if not any(isinstance(value, datetime) for value in values):
        return pl.Series(name, values, dtype=pl.Date)
    return pl.Series(name, _each(_in_utc, values), dtype=pl.Datetime("us"))


def _spans(name: str, values: Sequence[object]) -> pl.Series:
    return pl.Series(name, values, dtype=pl.Duration("us"))


def _times(name: str, values: Sequence[object]) -> pl.Series:
    return pl.Series(name, values, dtype=pl.Time)


def _vectors(name: str, values: Sequence[object]) -> pl.Series:
    return pl.Series(name, _each(_vector, values), dtype=pl.List(pl.Float64))


def _in_utc(value: object) -> datetime | None:
    if isinstance(value, datetime):
        moved = value if value.tzinfo is None else value.astimezone(UTC)
        return datetime(*moved.timetuple()[:6], moved.microsecond)  # noqa: DTZ001 - in UTC, unsaid
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - midnight of that day
    return None


def _vector(value: object) -> list[float]:
    numbers_in: list[float] = np.asarray(value, dtype=np.float64).ravel().tolist()
    return numbers_in


def _is_integer(value: object) -> TypeGuard[SupportsInt]:
    return isinstance(value, numbers.Integral)


def _as_float(value: object) -> float:
    if isinstance(value, (numbers.Real, Decimal, np.bool_)):
        return float(value)
    raise TypeError(value)


def _is_nan(value: object) -> bool:
    return value != value  # noqa: PLR0124 only NaN is unlike itself


def _each(convert: Callable[[object], object], values: Sequence[object]) -> list[object]:
    return [None if value is None else convert(value) for value in values]


def from_records(records: Sequence[Mapping[object, object]]) -> pl.DataFrame:
    """Rows that are mappings, as a table; what a row does not name is missing."""
    names = dict.fromkeys(name for record in records for name in record)
    columns = (from_objects(str(name), [r.get(name) for r in records]) for name in names)
    return pl.DataFrame(list(columns))


_REAL = (numbers.Real, Decimal, np.bool_)
_MAKERS: tuple[tuple[tuple[type, ...], Callable[[str, Sequence[object]], pl.Series]], ...] = (
    ((bool, np.bool_), _booleans),
    ((numbers.Integral,), _integers),
    (_REAL, _floats),
    ((str, *_REAL), _texts),
    ((date,), _instants),
    ((timedelta,), _spans),
    ((time,), _times),
    ((list, tuple, np.ndarray, pl.Series), _vectors),
)
"""What a column becomes whose values are all of these types; the first that fits."""
