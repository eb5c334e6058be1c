"""Checking one column of a request against its logical type."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mooring.gates.contract import ColumnContract

MISSING = msgspec.UNSET
"""Stands where a record does not have the field at all."""

MAX_PROBLEMS = 3
_LOW, _HIGH = -(2**63), 2**63 - 1
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that does not fit: the field, the row (the first is 1), and the cure."""

    field: str
    row: int | None
    what: str
    fix: str

    def __str__(self) -> str:
        return self.what if self.row is None else f"row {self.row}: {self.what}"


class _Unfit(Exception):
    """A value that is not of its column's type."""


def type_column(
    name: str, values: Sequence[object], column: ColumnContract, rows: Sequence[int]
) -> tuple[list[object], list[Problem]]:
    """The values of a column as its logical type has them, or what is wrong with them.

    Parameters
    ----------
    name : str
        The field, as the caller wrote it.
    values : sequence, shape (n,)
        JSON values; ``MISSING`` where a record has no such field.
    column : ColumnContract
        What the training data had.
    rows : sequence of int, shape (n,)
        The number of each row within the request, for messages.

    Returns
    -------
    list, list of Problem
        At most ``MAX_PROBLEMS`` problems; the values only count when there are none.
    """
    quick = _QUICK.get(column.type)
    if quick is not None and (all_fit := quick(values)) is not None:
        return all_fit, []
    nullable = column.nullable or column.null_rate > 0
    check, fix = _CHECKS[column.type]
    typed: list[object] = []
    problems: list[Problem] = []
    for row, value in zip(rows, values, strict=True):
        try:
            typed.append(_checked(value, check, nullable=nullable))
        except _Unfit as unfit:
            problems.append(Problem(name, row, str(unfit) or shown(value), _cure(value, fix)))
            if len(problems) == MAX_PROBLEMS:
                break
    return typed, problems


def from_text(values: Sequence[str], column: ColumnContract) -> list[object]:
    """CSV fields as the JSON values they stand for; an empty field is null.

    What cannot be read as the column's type stays text, and :func:`type_column` refuses it.
    """
    read = _READERS.get(column.type)
    return [None if text == "" else text if read is None else read(text) for text in values]


def shown(value: object) -> str:
    """A value as a message shows it: short, and on one line."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _checked(value: object, check: Callable[[object], object], *, nullable: bool) -> object:
    if value is MISSING:
        raise _Unfit("is missing")
    if value is None:
        if nullable:
            return None
        raise _Unfit("null, and the training data had no nulls")
    return check(value)


def _cure(value: object, fix: str) -> str:
    if value is None or value is MISSING:
        return "send a value"
    # What pandas writes unless it is told otherwise; the unit of the number cannot be known.
    counted = fix in {_DAY, _INSTANT} and type(value) in {int, float}
    return f'{fix}; in pandas: to_json(date_format="iso")' if counted else fix


def _integer(value: object) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise _Unfit
    if not _LOW <= value <= _HIGH:
        raise _Unfit(f"{shown(value)} does not fit 64 bits")
    return value


def _float(value: object) -> float:
    if type(value) is not float and type(value) is not int:
        raise _Unfit
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Unfit(f"{shown(value)} is not a finite number")
    return number


def _boolean(value: object) -> bool:
    if type(value) is not bool:
        raise _Unfit
    return value


def _string(value: object) -> str:
    if type(value) is not str:
        raise _Unfit
    return value


def _datetime(value: object) -> datetime:
    instant = _iso(value)
    return instant if instant.tzinfo is None else _in_utc(instant).replace(tzinfo=None)


def _date(value: object) -> date:
    instant = _iso(value)
    if instant.timetz() != datetime.min.time():
        raise _Unfit(f"{shown(value)} is not a whole day")
    return instant.date()


def _iso(value: object) -> datetime:
    if type(value) is not str:
        raise _Unfit
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise _Unfit from error


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise _Unfit(f"{instant} is beyond the calendar") from error


_DAY = 'send a day as ISO 8601 text: "2026-03-01"'
_INSTANT = 'send an instant as ISO 8601 text: "2026-03-01T10:00:00"'
_Check = Callable[[object], object]
_CHECKS: dict[str, tuple[_Check, str]] = {
    "integer": (_integer, "send a whole number"),
    "float": (_float, "send a number"),
    "boolean": (_boolean, "send true or false"),
    "string": (_string, "send text, in quotes"),
    "date": (_date, _DAY),
    "datetime": (_datetime, _INSTANT),
}


_Values = Sequence[object]


def _quick_integers(values: _Values) -> list[object] | None:
    numbers = [value for value in values if type(value) is int]
    if len(numbers) < len(values) or not numbers:
        return None
    return [*numbers] if min(numbers) >= _LOW and max(numbers) <= _HIGH else None


def _quick_floats(values: _Values) -> list[object] | None:
    numbers = [value for value in values if type(value) is float or type(value) is int]
    if len(numbers) < len(values):
        return None
    try:
        floats = list(map(float, numbers))
    except OverflowError:
        return None
    return [*floats] if all(map(math.isfinite, floats)) else None


def _quick_booleans(values: _Values) -> list[object] | None:
    return list(values) if set(map(type, values)) <= {bool} else None


def _quick_strings(values: _Values) -> list[object] | None:
    return list(values) if set(map(type, values)) <= {str} else None


# Columns that are sound as a whole, which is nearly all of them, need no message for each value.
_QUICK: dict[str, Callable[[_Values], list[object] | None]] = {
    "integer": _quick_integers,
    "float": _quick_floats,
    "boolean": _quick_booleans,
    "string": _quick_strings,
}


def _read_integer(text: str) -> object:
    try:
        return text if len(text) > _SHOWN or "_" in text else int(text)
    except ValueError:
        return _read_float(text)


def _read_float(text: str) -> object:
    try:
        return text if "_" in text else float(text)
    except ValueError:
        return text


def _read_boolean(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), text)


_READERS: dict[str, Callable[[str], object]] = {
    "integer": _read_integer,
    "float": _read_float,
    "boolean": _read_boolean,
}
