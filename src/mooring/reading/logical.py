"""Logical types: what a column means, whatever file or width its values came in."""

from __future__ import annotations

import polars as pl
from polars.datatypes import DataTypeClass

from mooring.errors import UnreadableData

FROM_NAME: dict[str, pl.DataType] = {
    "string": pl.String(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
}
"""Logical type names that a project may ask a column to be read as."""

_PLAIN: dict[type[pl.DataType], str] = {
    pl.Boolean: "boolean",
    pl.String: "string",
    pl.Categorical: "string",
    pl.Enum: "string",
    pl.Date: "date",
    pl.Time: "time",
    pl.Duration: "duration",
    pl.Decimal: "decimal",
    pl.Binary: "binary",
    pl.Null: "null",
}


def logical_type(dtype: pl.DataType) -> str:
    """Name the logical type of a Polars type: widths, units and encodings collapse.

    Parameters
    ----------
    dtype : polars.DataType

    Returns
    -------
    str
        ``integer``, ``float``, ``boolean``, ``string``, ``date``, ``datetime`` (no zone),
        ``datetime[UTC]`` (an instant, in whatever zone it is shown), ``time``, ``duration``,
        ``decimal``, ``binary``, ``null``, ``list<...>`` or ``struct<name: ..., ...>``.

    Raises
    ------
    UnreadableData
        The type holds no values of its own (Python objects, for one).

    Examples
    --------
    >>> logical_type(pl.Int8()), logical_type(pl.List(pl.Float32()))
    ('integer', 'list<float>')
    """
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "float"
    if isinstance(dtype, pl.Datetime):
        return "datetime" if dtype.time_zone is None else "datetime[UTC]"
    if isinstance(dtype, (pl.List, pl.Array)):
        return f"list<{logical_type(element_type(dtype))}>"
    if isinstance(dtype, pl.Struct):
        fields = sorted((f.name, logical_type(instance(f.dtype))) for f in dtype.fields)
        return f"struct<{', '.join(f'{name}: {kind}' for name, kind in fields)}>"
    plain = _PLAIN.get(type(dtype))
    if plain is None:
        raise UnreadableData(
            f"a column of type {dtype} cannot be used",
            fix="store it as text, numbers, dates, lists or structs",
        )
    return plain


def element_type(dtype: pl.List | pl.Array) -> pl.DataType:
    """Give the type of the elements of one level of a list; an array of arrays has several."""
    if isinstance(dtype, pl.Array) and len(dtype.shape) > 1:
        return pl.Array(dtype.inner, dtype.shape[1:])
    return instance(dtype.inner)


def instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    """Polars accepts a type where it means its default instance; here it is always the latter."""
    return dtype() if isinstance(dtype, DataTypeClass) else dtype
