"""Two contracts, the difference in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mooring.gates.data.finding import number, quoted, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mooring.gates.terms.model import ColumnTerms, Terms

_LISTED = 5
_KEYS = {
    "min_rows": "the least rows",
    "max_rows": "the most rows",
    "max_missing": "missing values",
    "min": "the least value",
    "max": "the most value",
    "max_age": "the age of the newest",
}
_SHARES = frozenset({"max_missing", "tolerance", "range", "categories"})


def differences(before: Terms, after: Terms) -> tuple[str, ...]:
    """What changed, a sentence each: the table first, then column by column.

    Examples
    --------
    >>> from mooring.gates.terms.model import ColumnTerms, Terms
    >>> old = Terms(columns={"x": ColumnTerms(type="float", max=1)})
    >>> new = Terms(columns={"x": ColumnTerms(type="float", max=2)})
    >>> differences(old, new)
    ('x: the most value was 1, is 2',)
    """
    return tuple(_differences(before, after))


def _differences(before: Terms, after: Terms) -> Iterator[str]:
    yield from _table("the table", before.table, after.table)
    yield from _table("tolerance", before.tolerance, after.tolerance)
    yield from _table("severity", before.severity, after.severity)
    yield from _table("learned", before.learned, after.learned)
    yield from _table("serving", before.serving, after.serving)
    yield from _named("dataset", before.datasets, after.datasets)
    yield from _named("relation", before.relations, after.relations)
    yield from _named("check", before.checks, after.checks)
    for name, column in before.columns.items():
        if name not in after.columns:
            yield f"{name}: no longer there (was {column.type})"
    for name, column in after.columns.items():
        was = before.columns.get(name)
        if was is None:
            yield f"{name}: a new column of type {column.type}"
        else:
            yield from _column(name, was, column)


def _column(name: str, before: ColumnTerms, after: ColumnTerms) -> Iterator[str]:
    if before.categories is not None and after.categories is not None:
        yield from _lists(name, before.categories, after.categories)
        before = msgspec.structs.replace(before, categories=after.categories)
    yield from _table(f"{name} severity", before.severity, after.severity)
    yield from _table(name, before, after)


def _table(where: str, before: msgspec.Struct, after: msgspec.Struct) -> Iterator[str]:
    was, now = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    for key, value in now.items():
        if was[key] != value and not isinstance(value, msgspec.Struct):
            what = _KEYS.get(key, key)
            yield f"{where}: {what} {_change(key, was[key], value)}"


def _change(key: str, before: object, after: object) -> str:
    if _unsaid(before):
        return f"is {_said(key, after)}; nothing was said of it"
    if _unsaid(after):
        return f"was {_said(key, before)}; nothing is said of it now"
    return f"was {_said(key, before)}, is {_said(key, after)}"


def _unsaid(value: object) -> bool:
    """Whether a term is left out; 0 is a bound and not nothing."""
    return value is None or value is False or value == ()


def _said(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "demanded"
    if key in _SHARES and isinstance(value, float):
        return f"at most {share(value)}"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple):
        return _some(value)
    return str(value)


def _lists(name: str, before: tuple[object, ...], after: tuple[object, ...]) -> Iterator[str]:
    new = tuple(one for one in after if one not in before)
    gone = tuple(one for one in before if one not in after)
    if new:
        yield f"{name}: new categories {_some(new)}"
    if gone:
        yield f"{name}: categories no longer there {_some(gone)}"


def _some(values: tuple[object, ...]) -> str:
    shown = ", ".join(
        "+".join(map(str, one)) if isinstance(one, tuple) else quoted(one)
        for one in values[:_LISTED]
    )
    return shown + (f" and {len(values) - _LISTED} more" if len(values) > _LISTED else "")


def _named(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name, value in before.items():
        if name not in after:
            yield f"{what} {name!r}: no longer there (was {value})"
    for name, value in after.items():
        if name not in before:
            yield f"{what} {name!r}: new ({value})"
        elif before[name] != value:
            yield f"{what} {name!r}: was {before[name]}, is {value}"
