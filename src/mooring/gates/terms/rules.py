"""Each term as a rule that names the rows which break it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from mooring.errors import DataError
from mooring.gates.contract import NUMBERS, as_numbers, is_missing, type_of
from mooring.gates.data.finding import number, quoted, share
from mooring.gates.terms.expressing import expression_of
from mooring.gates.terms.model import FILE
from mooring.gates.terms.reading import has_range
from mooring.gates.terms.relation import Reference, columns_of, parse_relation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mooring.gates.terms.model import ColumnTerms, Severity, Terms
    from mooring.gates.terms.relation import Relation

    Caught = pl.Series | bool
    """A mask of the rows that break a rule; False when the table does and no row can be named."""

_SAID = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """What rows must meet.

    Parameters
    ----------
    name : str
        ``missing``, ``range``, ``categories``, ``unique``, ``monotone``, ``relation``, ``check``.
    columns : tuple of str
        What it is about; its first is where examples are taken from, and the finding's column.
    severity : "stop", "warn" or "quarantine"
    allowed : float
        The share of rows that may break it.
    expected : str
        For people.
    cure : str
    catch : callable
        From a table that has the columns to the rows which break the rule; raises a MooringError
        when it cannot tell.
    text : str
        What identifies it among the rules of its name: the relation, the check; else empty.
    """

    name: str
    columns: tuple[str, ...]
    severity: Severity
    allowed: float
    expected: str
    cure: str
    catch: Callable[[pl.DataFrame], Caught]
    text: str = ""

    @property
    def label(self) -> str:
        """The rule as the rows that it caught name it: ``range of temp``."""
        return self.text or f"{self.name} of {' and '.join(self.columns)}"


def row_rules(terms: Terms, tables: Mapping[str, pl.DataFrame]) -> Iterator[Rule]:
    """Every rule of a contract that is about rows, apart from the user's own checks.

    Parameters
    ----------
    terms : Terms
    tables : mapping of str to polars.DataFrame
        The datasets that relations refer to.
    """
    for name, column in terms.columns.items():
        yield from _of_column(name, column, terms)
    for names in terms.table.unique:
        yield _unique(names, terms.severity.unique)
    for text, severity in terms.relations.items():
        yield _relation(text, severity, tables)


def _of_column(name: str, column: ColumnTerms, terms: Terms) -> Iterator[Rule]:
    if column.max_missing is not None:
        yield Rule(
            "missing",
            (name,),
            terms.severity_of("missing", name),
            column.max_missing,
            f"at most {share(column.max_missing)} missing",
            "look at the source or the join that fills this column",
            partial(_missing, name),
        )
    if has_range(column):
        yield _range(name, column, terms)
    if column.categories is not None:
        yield _categories(name, column, terms)
    if column.unique:
        yield _unique((name,), terms.severity_of("unique", name))
    if column.monotone:
        yield Rule(
            "monotone",
            (name,),
            terms.severity_of("monotone", name),
            0.0,
            "values that never go back from row to row",
            "look for a batch that came twice or out of order",
            partial(_goes_back, name),
        )


def _range(name: str, column: ColumnTerms, terms: Terms) -> Rule:
    allowed = terms.tolerance_of("range", name)
    if column.min is None:
        bounds = f"at most {number(column.max or 0.0)}"
    elif column.max is None:
        bounds = f"at least {number(column.min)}"
    else:
        bounds = f"{number(column.min)} to {number(column.max)}"
    return Rule(
        "range",
        (name,),
        terms.severity_of("range", name),
        allowed,
        bounds + _but(allowed),
        "look for a change of unit, or an error code as a value",
        partial(_outside, name, column.min, column.max),
    )


def _categories(name: str, column: ColumnTerms, terms: Terms) -> Rule:
    known, allowed = column.categories or (), terms.tolerance_of("categories", name)
    said = ", ".join(quoted(one) for one in known[:_SAID])
    more = f" and {len(known) - _SAID} more" if len(known) > _SAID else ""
    return Rule(
        "categories",
        (name,),
        terms.severity_of("categories", name),
        allowed,
        f"one of {said}{more}{_but(allowed)}",
        f"map the new names to the old upstream, or add them in {FILE}",
        partial(_unknown, name, known),
    )


def _unique(names: tuple[str, ...], severity: Severity) -> Rule:
    return Rule(
        "unique",
        names,
        severity,
        0.0,
        "no value twice" if len(names) == 1 else f"no two rows that agree in {', '.join(names)}",
        "look for a batch that came twice, or a join that multiplies rows",
        partial(_repeated, names),
    )


def _relation(text: str, severity: Severity, tables: Mapping[str, pl.DataFrame]) -> Rule:
    relation = parse_relation(text)
    foreign = isinstance(relation, Reference)
    return Rule(
        "relation",
        columns_of(relation),
        severity,
        0.0,
        text,
        "look at the join, or at the other dataset" if foreign else "look at the source",
        partial(_violating, relation, tables),
        text,
    )


def _but(allowed: float) -> str:
    return f", but for {share(allowed)} of the rows" if allowed else ""


def _missing(name: str, frame: pl.DataFrame) -> pl.Series:
    return is_missing(frame.get_column(name))


def _outside(name: str, low: float | None, high: float | None, frame: pl.DataFrame) -> pl.Series:
    series = frame.get_column(name)
    if type_of(series.dtype) not in NUMBERS | {"boolean", "null"}:
        raise DataError(f"values of type {type_of(series.dtype)} have no range")
    values = as_numbers(series).fill_nan(None)
    below = values < low if low is not None else pl.repeat(value=False, n=values.len(), eager=True)
    above = values > high if high is not None else below
    return (below | above).fill_null(value=False)


def _unknown(name: str, known: tuple[object, ...], frame: pl.DataFrame) -> pl.Series:
    series = frame.get_column(name)
    if type_of(series.dtype) == "string":
        series = series.cast(pl.String)
    elif all(type(one) is int for one in known):
        series = as_numbers(series).fill_nan(None)  # whole numbers read as floats are still whole
        known = tuple(map(float, known))  # type: ignore[arg-type]
    expected = pl.Series(known).dtype if known else series.dtype
    if series.dtype not in {expected, pl.Null()}:
        raise DataError(f"values of type {type_of(series.dtype)} are none of the categories")
    return ~(series.is_in(list(known)) | series.is_null())


def _repeated(names: tuple[str, ...], frame: pl.DataFrame) -> pl.Series:
    """Every row but the first of those that agree; rows that lack a part of the key agree with
    none, as in SQL."""
    keys = frame.select(names)
    there = keys.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    return (~keys.select(pl.struct(names).is_first_distinct()).to_series()) & there


def _goes_back(name: str, frame: pl.DataFrame) -> pl.Series:
    series = frame.get_column(name)
    if not (series.dtype.is_numeric() or series.dtype.is_temporal()):
        raise DataError(f"values of type {type_of(series.dtype)} have no order")
    values = series.fill_nan(None) if series.dtype.is_float() else series
    highest = values.cum_max().forward_fill()
    return (values < highest).fill_null(value=False)


def _violating(
    relation: Relation, tables: Mapping[str, pl.DataFrame], frame: pl.DataFrame
) -> pl.Series:
    if isinstance(relation, Reference):
        return _orphans(relation, tables, frame)
    held = frame.select(expression_of(relation, frame.schema).alias("held")).to_series()
    return (~held).fill_null(value=False)


def _orphans(
    relation: Reference, tables: Mapping[str, pl.DataFrame], frame: pl.DataFrame
) -> pl.Series:
    table = tables[relation.dataset]
    if relation.key not in table.columns:
        raise DataError(f"dataset {relation.dataset} has no column {relation.key!r}")
    values, keys = frame.get_column(relation.column), table.get_column(relation.key)
    kinds = type_of(values.dtype), type_of(keys.dtype)
    if len(set(kinds)) > 1:
        raise DataError(f"{kinds[0]} is never in a column of type {kinds[1]}")
    if kinds[0] == "string":
        values, keys = values.cast(pl.String), keys.cast(pl.String)
    elif kinds[0] == "integer":
        values, keys = values.cast(pl.Int64), keys.cast(pl.Int64)
    return ~(values.is_in(keys.unique().drop_nulls().implode()) | values.is_null())
