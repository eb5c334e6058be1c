"""Comparisons as Polars expressions, once it is sure that their sides can be compared.

The walk over a comparison is written once for every medium that can add, multiply and compare:
expressions over a table here, functions of one row in :mod:`cells`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import polars as pl

from mooring.errors import DataError
from mooring.gates.contract import type_of
from mooring.gates.terms.relation import Column, Comparison

if TYPE_CHECKING:
    from mooring.gates.terms.cells import Cell
    from mooring.gates.terms.relation import Constant, Operand, Product, Sum

EQUAL = 1e-9
"""Numbers are equal within this share of the larger: the default of ``math.isclose`` (PEP 485)."""

KINDS = {
    "integer": "number",
    "float": "number",
    "boolean": "truth",
    "string": "text",
    "date": "instant",
    "datetime": "instant",
    "duration": "span",
}
"""What the values of a logical type are to a comparison."""
_SUMS = {
    ("number", "number"): "number",
    ("span", "span"): "span",
    ("instant", "span"): "instant",
    ("span", "instant"): "instant",
}
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
V = TypeVar("V", pl.Expr, "Cell")


@dataclass(frozen=True)
class Medium(Generic[V]):
    """What columns and constants become, each with its kind."""

    column: Callable[[str], tuple[V, str]]
    constant: Callable[[Constant], tuple[V, str]]


def expression_of(comparison: Comparison, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Whether the comparison holds, for each row; null where a value in it is missing.

    Parameters
    ----------
    comparison : Comparison
    schema : mapping of str to polars.DataType
        Of the table; it has every column of the comparison.

    Raises
    ------
    DataError
        When sides cannot be compared, such as text with a number.

    Examples
    --------
    >>> from mooring.gates.terms.relation import parse_relation
    >>> frame = pl.DataFrame({"a": [1, 5, None], "b": [2, 3, 4]})
    >>> held = expression_of(parse_relation("a <= b"), frame.schema)
    >>> frame.select(held.alias("held"))["held"].to_list()
    [True, False, None]
    """
    medium = Medium[pl.Expr](
        lambda name: _column(name, schema[name]),
        lambda constant: (pl.lit(constant), kind_of(constant)),
    )
    return reduce(operator.and_, links_of(comparison, medium))


def links_of(comparison: Comparison, medium: Medium[V]) -> Iterator[V]:
    """Each two sides that a comparison holds against each other: whether that holds.

    Raises
    ------
    DataError
        When sides cannot be compared.
    """
    sides = [_sum(side, medium) for side in comparison.sides]
    for sign, left, right in zip(comparison.operators, sides, sides[1:], strict=False):
        if left[1] != right[1]:
            raise DataError(f"{left[1]} {sign} {right[1]} cannot be compared")
        yield _compare(sign, left, right, medium)


def kind_of(constant: Constant) -> str:
    """What a constant is to a comparison."""
    if isinstance(constant, bool):
        return "truth"
    if isinstance(constant, str):
        return "text"
    if isinstance(constant, datetime):
        return "instant"
    return "span" if isinstance(constant, timedelta) else "number"


def _sum(products: Sum, medium: Medium[V]) -> tuple[V, str]:
    whole, kind = _product(products[0], medium)
    if products[0].negative:
        whole, kind = -whole, _signed(kind)
    for product in products[1:]:
        value, other = _product(product, medium)
        if product.negative and (kind, other) == ("instant", "instant"):
            whole, kind = whole - value, "span"
            continue
        if (kind, other) not in _SUMS or (product.negative and other == "instant"):
            raise DataError(f"{kind} {'-' if product.negative else '+'} {other} is nothing")
        whole = whole - value if product.negative else whole + value
        kind = _SUMS[kind, other]
    return whole, kind


def _product(product: Product, medium: Medium[V]) -> tuple[V, str]:
    whole, kind = _operand(product.operands[0], medium)
    for operand in product.operands[1:]:
        value, other = _operand(operand, medium)
        if {kind, other} not in ({"number"}, {"number", "span"}):
            raise DataError(f"{kind} * {other} is nothing")
        whole, kind = whole * value, "span" if "span" in {kind, other} else "number"
    return whole, kind


def _operand(operand: Operand, medium: Medium[V]) -> tuple[V, str]:
    if isinstance(operand, Column):
        return medium.column(operand.name)
    return medium.constant(operand)


def _column(name: str, dtype: pl.DataType) -> tuple[pl.Expr, str]:
    """A column as its kind's widest type: no overflow, instants in UTC without a zone."""
    kind = KINDS.get(type_of(dtype))
    column = pl.col(name)
    if kind is None:
        raise DataError(f"column {name!r} is of type {type_of(dtype)}, which nothing compares with")
    if kind == "number":
        whole = dtype.is_integer() and dtype != pl.UInt64
        column = column.cast(pl.Int64) if whole else column.cast(pl.Float64).fill_nan(None)
    elif kind == "text":
        column = column.cast(pl.String)
    elif isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if kind == "instant":
        column = column.cast(pl.Datetime("us"))
    return column, kind


def _signed(kind: str) -> str:
    if kind not in {"number", "span"}:
        raise DataError(f"-{kind} is nothing")
    return kind


def _compare(sign: str, left: tuple[V, str], right: tuple[V, str], medium: Medium[V]) -> V:
    a, b = left[0], right[0]
    if left[1] != "number" or sign not in {"==", "!="}:
        found: V = _OPERATORS[sign](a, b)
        return found
    apart, within = abs(a - b), medium.constant(EQUAL)[0]
    equal: V = _OPERATORS["=="](a, b)  # infinite numbers are not apart by a number
    same = equal | (apart <= abs(a) * within) | (apart <= abs(b) * within)
    return same if sign == "==" else ~same
