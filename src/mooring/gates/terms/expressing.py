"""Comparisons as Polars expressions, once it is sure that their sides can be compared."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from mooring.errors import DataError
from mooring.gates.contract import type_of
from mooring.gates.terms.relation import Column, Comparison

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mooring.gates.terms.relation import Constant, Operand, Product, Sum

    Operator = Callable[[pl.Expr, pl.Expr], pl.Expr]

EQUAL = 1e-9
"""Numbers are equal within this share of the larger: the default of ``math.isclose`` (PEP 485)."""

_KINDS = {
    "integer": "number",
    "float": "number",
    "boolean": "truth",
    "string": "text",
    "date": "instant",
    "datetime": "instant",
    "duration": "span",
}
_SUMS = {
    ("number", "number"): "number",
    ("span", "span"): "span",
    ("instant", "span"): "instant",
    ("span", "instant"): "instant",
}
_Typed = tuple[pl.Expr, str]


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
    sides = [_sum(side, schema) for side in comparison.sides]
    held = pl.lit(value=True)
    for operator, left, right in zip(comparison.operators, sides, sides[1:], strict=False):
        if left[1] != right[1]:
            raise DataError(f"{left[1]} {operator} {right[1]} cannot be compared")
        held &= _compare(operator, left, right)
    return held


def _sum(products: Sum, schema: Mapping[str, pl.DataType]) -> _Typed:
    whole, kind = _product(products[0], schema)
    if products[0].negative:
        whole, kind = -whole, _signed(kind)
    for product in products[1:]:
        value, other = _product(product, schema)
        if product.negative and (kind, other) == ("instant", "instant"):
            whole, kind = whole - value, "span"
            continue
        if (kind, other) not in _SUMS or (product.negative and other == "instant"):
            raise DataError(f"{kind} {'-' if product.negative else '+'} {other} is nothing")
        whole = whole - value if product.negative else whole + value
        kind = _SUMS[kind, other]
    return whole, kind


def _product(product: Product, schema: Mapping[str, pl.DataType]) -> _Typed:
    whole, kind = _operand(product.operands[0], schema)
    for operand in product.operands[1:]:
        value, other = _operand(operand, schema)
        if {kind, other} not in ({"number"}, {"number", "span"}):
            raise DataError(f"{kind} * {other} is nothing")
        whole, kind = whole * value, "span" if "span" in {kind, other} else "number"
    return whole, kind


def _operand(operand: Operand, schema: Mapping[str, pl.DataType]) -> _Typed:
    if isinstance(operand, Column):
        return _column(operand.name, schema[operand.name])
    return pl.lit(operand), _kind_of(operand)


def _column(name: str, dtype: pl.DataType) -> _Typed:
    """A column as its kind's widest type: no overflow, instants in UTC without a zone."""
    kind = _KINDS.get(type_of(dtype))
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


def _kind_of(constant: Constant) -> str:
    if isinstance(constant, bool):
        return "truth"
    if isinstance(constant, str):
        return "text"
    if isinstance(constant, datetime):
        return "instant"
    return "span" if isinstance(constant, timedelta) else "number"


def _signed(kind: str) -> str:
    if kind not in {"number", "span"}:
        raise DataError(f"-{kind} is nothing")
    return kind


def _compare(operator: str, left: _Typed, right: _Typed) -> pl.Expr:
    a, b = left[0], right[0]
    if left[1] == "number" and operator in {"==", "!="}:
        within = EQUAL * pl.max_horizontal(a.abs(), b.abs())
        same = (a == b) | ((a - b).abs() <= within)
        return same if operator == "==" else ~same
    by: dict[str, Operator] = {
        "<": lambda x, y: x < y,
        "<=": lambda x, y: x <= y,
        ">": lambda x, y: x > y,
        ">=": lambda x, y: x >= y,
        "==": lambda x, y: x == y,
        "!=": lambda x, y: x != y,
    }
    return by[operator](a, b)
