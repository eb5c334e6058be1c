"""One canonical 64-bit word for each value of a column, equal exactly when the values are.

Numbers up to 64 bits, times and booleans are their own word; text, binary, decimals, nested and
wider values are hashed to one. Neither the width, unit nor encoding of the column shows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars._typing import TimeUnit

from mooring.reading.buffers import Chunk, chunks
from mooring.reading.hashing import Words, hash_views, mixed, seed

_NULL = seed("null")
_NAN = np.float64("nan")
_ZERO = np.array(0.0)
_WIDE = seed("beyond int64")
_TICKS = seed("below a microsecond")
_POSITION = seed("position")
_LIST = seed("list")
_STRUCT = seed("struct")
_TOP_BIT = np.uint64(2**63)
_PER_MICROSECOND = {"ns": 1000, "us": 1, "ms": 1}


Writer = Callable[[int, int, Words, Words], None]
"""Writes the words of the rows from a start to a stop; the second array is overwritten."""


def word_writer(series: pl.Series) -> Writer:
    """Prepare a column for having its words written, some rows at a time.

    Parameters
    ----------
    series : polars.Series, shape (rows,)

    Returns
    -------
    Writer
        Called as ``write(start, stop, out, scratch)``, both arrays of ``stop - start`` words.
    """
    dtype = series.dtype
    if isinstance(dtype, pl.Decimal):
        return _flat_writer(_plain_decimals(series))
    if isinstance(dtype, (pl.Categorical, pl.Enum)):
        return _flat_writer(series.cast(pl.String))
    if dtype.is_float() and dtype not in (pl.Float32, pl.Float64):
        return _flat_writer(series.cast(pl.Float64))
    if dtype.is_nested() or dtype in (pl.Null, pl.Int128, pl.UInt128):
        return lambda start, stop, out, scratch: _write_other(series[start:stop], out, scratch)
    return _flat_writer(series)


def write_words(series: pl.Series, out: Words, scratch: Words) -> None:
    """Write the words of a whole column."""
    word_writer(series)(0, len(out), out, scratch)


def _write_other(series: pl.Series, out: Words, scratch: Words) -> None:
    dtype = series.dtype
    if isinstance(dtype, (pl.List, pl.Array)):
        _write_lists(series, out)
    elif isinstance(dtype, pl.Struct):
        _write_structs(series, out, scratch)
    elif isinstance(dtype, pl.Null):
        out[:] = _NULL
    else:
        _write_wide(series, out, scratch)


def _flat_writer(series: pl.Series) -> Writer:
    unit = series.dtype.time_unit if isinstance(series.dtype, (pl.Datetime, pl.Duration)) else "us"
    parts = list(chunks(series))
    ends = list(accumulate(len(part.values) for part in parts))

    def write(start: int, stop: int, out: Words, scratch: Words) -> None:
        at = start
        for number in range(bisect_right(ends, start), len(parts)):
            if at >= stop:
                return
            part = parts[number]
            first = ends[number] - len(part.values)
            until = min(stop, ends[number])
            here = slice(at - start, until - start)
            _write_rows(part, (at - first, until - first), unit, (out[here], scratch[here]))
            at = until

    return write


def _write_rows(
    chunk: Chunk, rows: tuple[int, int], unit: TimeUnit, buffers: tuple[Words, Words]
) -> None:
    out, scratch = buffers
    values = chunk.values[rows[0] : rows[1]]
    nulls = chunk.nulls
    if nulls.size:
        nulls = nulls[slice(*nulls.searchsorted(rows))] - rows[0]
    if values.dtype.kind == "f":
        _write_floats(values, out)
    elif values.dtype.kind == "V":
        hash_views(values.view(np.uint64).reshape(-1, 2), nulls, chunk.data, out, scratch)
    elif values.dtype == np.uint64:
        _write_unsigned(values.view(np.uint64), out)
    else:
        np.copyto(out.view(np.int64), values)
        _to_microseconds(unit, out.view(np.int64))
    if nulls.size:
        out[nulls] = _NULL


def _write_floats(values: NDArray[np.generic], out: Words) -> None:
    floats = out.view(np.float64)
    # turns -0.0 into 0.0
    np.add(values, _ZERO, floats)
    largest = float(np.maximum.reduce(floats))
    if largest != largest:  # noqa: PLR0124 only NaN is unlike itself
        floats[np.isnan(floats)] = _NAN


def _write_unsigned(values: Words, out: Words) -> None:
    np.copyto(out, values)
    if np.maximum.reduce(values) >= _TOP_BIT:
        beyond = np.flatnonzero(values >= _TOP_BIT)
        out[beyond] = mixed(out[beyond], _WIDE)


def _to_microseconds(unit: TimeUnit, ticks: NDArray[np.int64]) -> None:
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
    write_words(series.cast(pl.String), text, scratch)
    write_words(unsigned, wide, scratch)
    write_words(signed, out, scratch)
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
