"""One canonical 64-bit word for each value of a column, equal exactly when the values are.

Numbers up to 64 bits, times and booleans are their own word; text, binary, decimals, nested and
wider values are hashed to one. Neither the width, unit nor encoding of the column shows.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.lineage.buffers import Chunk, chunks
from mooring.lineage.hashing import Words, hash_views, mixed, seed

_NULL = seed("null")
_NAN = np.float64("nan")
_WIDE = seed("beyond int64")
_TICKS = seed("below a microsecond")
_POSITION = seed("position")
_LIST = seed("list")
_STRUCT = seed("struct")
_TOP_BIT = np.uint64(2**63)
_PER_MICROSECOND = {"ns": 1000, "us": 1, "ms": 1}


def write_words(series: pl.Series, out: Words, scratch: Words) -> None:
    """Write the word of each value of a column.

    Parameters
    ----------
    series : polars.Series, shape (rows,)
    out : ndarray of uint64, shape (rows,)
        Receives the words, in the order of the rows.
    scratch : ndarray of uint64, shape (rows,)
        Is overwritten.
    """
    dtype = series.dtype
    if isinstance(dtype, (pl.List, pl.Array)):
        _write_lists(series, out)
    elif isinstance(dtype, pl.Struct):
        _write_structs(series, out, scratch)
    elif isinstance(dtype, pl.Null):
        out[:] = _NULL
    elif isinstance(dtype, pl.Decimal):
        _write_flat(_plain_decimals(series), out, scratch)
    elif dtype in (pl.Int128, pl.UInt128):
        _write_wide(series, out, scratch)
    elif isinstance(dtype, (pl.Categorical, pl.Enum)):
        _write_flat(series.cast(pl.String), out, scratch)
    elif dtype.is_float() and dtype not in (pl.Float32, pl.Float64):
        _write_flat(series.cast(pl.Float64), out, scratch)
    else:
        _write_flat(series, out, scratch)


def _write_flat(series: pl.Series, out: Words, scratch: Words) -> None:
    at = 0
    for chunk in chunks(series):
        part = out[at : at + len(chunk.values)]
        _write_chunk(series.dtype, chunk, part, scratch[: len(part)])
        if chunk.nulls.size:
            part[chunk.nulls] = _NULL
        at += len(part)


def _write_chunk(dtype: pl.DataType, chunk: Chunk, out: Words, scratch: Words) -> None:
    values = chunk.values
    if values.dtype.kind == "f":
        _write_floats(values.view(values.dtype), out)
    elif values.dtype.kind == "V":
        views = values.view(np.uint64).reshape(-1, 2)
        hash_views(views, chunk.nulls, chunk.data, out, scratch)
    elif values.dtype == np.uint64:
        _write_unsigned(values.view(np.uint64), out)
    else:
        np.copyto(out.view(np.int64), values)
        if isinstance(dtype, (pl.Datetime, pl.Duration)):
            _to_microseconds(dtype.time_unit, out.view(np.int64))


def _write_floats(values: NDArray[np.generic], out: Words) -> None:
    floats = out.view(np.float64)
    with np.errstate(invalid="ignore"):
        # adding zero turns -0.0 into 0.0
        np.add(values, 0.0, out=floats, dtype=np.float64)
        if np.isnan(np.maximum.reduce(floats)):
            floats[np.isnan(floats)] = _NAN


def _write_unsigned(values: Words, out: Words) -> None:
    np.copyto(out, values)
    if np.maximum.reduce(values) >= _TOP_BIT:
        beyond = np.flatnonzero(values >= _TOP_BIT)
        out[beyond] = mixed(out[beyond], _WIDE)


def _to_microseconds(unit: str, ticks: NDArray[np.int64]) -> None:
    if unit == "ms":
        np.multiply(ticks, 1000, out=ticks)
    elif unit == "ns":
        below = ticks % 1000
        np.floor_divide(ticks, 1000, out=ticks)
        finer = np.flatnonzero(below)
        if finer.size:
            key = mixed(below[finer].view(np.uint64), _TICKS)
            ticks[finer] ^= key.view(np.int64)


def _plain_decimals(series: pl.Series) -> pl.Series:
    """Write decimals so that 1.5 and 1.50 are the same text."""
    text = series.cast(pl.String)
    dotted = text.str.contains(".", literal=True)
    return text.set(dotted.fill_null(False), None).fill_null(
        text.str.strip_chars_end("0").str.strip_chars_end(".")
    )


def _write_wide(series: pl.Series, out: Words, scratch: Words) -> None:
    """Write 128-bit integers: the word of the 64-bit one where there is one."""
    signed = series.cast(pl.Int64, strict=False)
    unsigned = series.cast(pl.UInt64, strict=False)
    text = np.empty_like(out)
    wide = np.empty_like(out)
    _write_flat(series.cast(pl.String), text, scratch)
    _write_flat(unsigned, wide, scratch)
    _write_flat(signed, out, scratch)
    is_null = series.is_null().to_numpy()
    no_signed = signed.is_null().to_numpy() & ~is_null
    no_unsigned = unsigned.is_null().to_numpy()
    np.copyto(out, wide, where=no_signed & ~no_unsigned)
    np.copyto(out, text, where=no_signed & no_unsigned)


def _write_lists(series: pl.Series, out: Words) -> None:
    """Write lists: each element's word at its position, summed, with the length."""
    lists = series.arr.to_list() if isinstance(series.dtype, pl.Array) else series
    lengths = lists.list.len()
    sizes = lengths.fill_null(0).to_numpy().astype(np.int64)
    out[:] = sizes.view(np.uint64)
    filled = np.flatnonzero(sizes)
    if filled.size:
        elements = lists.filter(pl.Series(sizes > 0)).explode()
        words = np.empty(len(elements), dtype=np.uint64)
        write_words(elements, words, np.empty_like(words))
        starts = np.cumsum(sizes[filled]) - sizes[filled]
        position = np.arange(len(words)) - np.repeat(starts, sizes[filled])
        words ^= mixed(position.astype(np.uint64), _POSITION)
        out[filled] += np.add.reduceat(mixed(words, _LIST), starts)
    out[:] = mixed(out, _LIST)
    out[lengths.is_null().to_numpy()] = _NULL


def _write_structs(series: pl.Series, out: Words, scratch: Words) -> None:
    """Write structs: each field's word mixed with its name, summed."""
    total = np.zeros_like(out)
    for name in series.struct.fields:
        write_words(series.struct.field(name), out, scratch)
        total += mixed(out, seed("field", name))
    out[:] = mixed(total, _STRUCT)
    out[series.is_null().to_numpy()] = _NULL
