"""Counting numbers: cells, moments and missing values of one chunk, block by block.

A block stays in the processor's cache while all passes over it are made, which is what the time of
a profile depends on: the same passes over whole columns take more than twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.profiling.cells import EXACT, NEGATIVE_ZERO, RAW, SHIFT, Cells, from_raw
from mooring.profiling.moments import Moments, about, moments, together
from mooring.reading.buffers import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Places = NDArray[np.intp]
    Floats = NDArray[np.float64]

_BLOCK = 65_536
_CANCELS = 100.0
"""How many times the squared deviations the squared mean may be, before it is taken off first."""
_ROW = 8192
"""Squares are summed in rows of this length: the linear algebra library starts threads on more."""
_ZERO = np.array(0.0)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers as they lie in memory.

    Parameters
    ----------
    values : ndarray of integers or floats, read-only
    nulls : ndarray of int, ascending
        Where values are missing; what stands there does not matter.
    factor, divisor : float
        What to multiply and divide by: instants and spans of time become seconds.
    """

    values: NDArray[np.generic]
    nulls: Places
    factor: float = 1.0
    divisor: float = 1.0

    def read(self, start: int, stop: int, out: Floats) -> None:
        """Write some of them as floats."""
        source = self.values[start:stop]
        if self.factor != 1.0:
            np.multiply(source, self.factor, out=out)
        elif self.divisor != 1.0:
            np.divide(source, self.divisor, out=out)
        else:
            with np.errstate(invalid="ignore"):  # a signalling NaN is missing like any other
                np.add(source, _ZERO, out=out)

    def floats(self) -> Floats:
        """All of them as floats, NaN where they are missing."""
        found = np.empty(len(self.values))
        self.read(0, found.size, found)
        found[self.nulls] = np.nan
        return found


@dataclass(frozen=True, slots=True)
class Counted:
    """What one chunk of numbers holds."""

    nulls: int
    zeros: int
    moments: Moments
    cells: Cells


def numbers_of(series: pl.Series) -> Iterator[Numbers]:
    """The chunks of a column of numbers, instants or spans of time."""
    dtype, factor, divisor = series.dtype, 1.0, 1.0
    if dtype == pl.Date:
        factor = 86_400.0
    elif isinstance(dtype, (pl.Datetime, pl.Duration)):
        divisor = {"ms": 1e3, "us": 1e6, "ns": 1e9}[dtype.time_unit]
    elif dtype == pl.Time:
        divisor = 1e9
    elif not (dtype.is_integer() or dtype in (pl.Float64, pl.Float32)) or dtype in _WIDE:
        series = series.cast(pl.Float64)
    for chunk in chunks(series):
        yield Numbers(chunk.values, chunk.nulls, factor, divisor)


_WIDE = (pl.Int128, pl.UInt128)


def as_floats(series: pl.Series) -> Floats:
    """Numbers as floats, instants and spans of time in seconds, NaN where they are missing."""
    parts = [numbers.floats() for numbers in numbers_of(series)]
    return np.concatenate(parts) if parts else np.empty(0)


def count_numbers(numbers: Numbers, centre: float, *, exact: bool) -> Counted:
    """Count one chunk.

    Parameters
    ----------
    numbers : Numbers
    centre : float
        Is subtracted before numbers are put into cells.
    exact : bool
        Whether to look for the single value of each cell.
    """
    if numbers.nulls.size == len(numbers.values):
        return Counted(numbers.nulls.size, 0, Moments(), Cells())
    raw = np.empty(len(numbers.values), dtype=np.uint64)
    found = _blocks(numbers, centre, raw)
    if found is None:
        return _count_odd(numbers.floats(), centre, exact=exact)
    cells = _cells(raw.view(np.int64), numbers, exact=exact)
    low, high = _or(found.minimum, 1.0), _or(found.maximum, 1.0)
    maybe = low <= 0 <= high and (centre != 0 or 0 in cells.ids)
    zeros = int(np.count_nonzero(numbers.floats() == 0.0)) if maybe else 0
    return Counted(numbers.nulls.size, zeros, found, cells)


def _blocks(numbers: Numbers, centre: float, raw: NDArray[np.uint64]) -> Moments | None:
    """Write the raw cell of each number; None when some are infinite or NaN."""
    fill = np.empty(1)
    if numbers.nulls.size:
        first = first_present(numbers.nulls)
        numbers.read(first, first + 1, fill)
    scratch = np.empty(min(_BLOCK, raw.size))
    found: list[Moments] = []
    for start in range(0, raw.size, _BLOCK):
        stop = min(start + _BLOCK, raw.size)
        block, nulls = scratch[: stop - start], _between(numbers.nulls, start, stop)
        numbers.read(start, stop, block)
        if nulls.size:
            block[nulls] = fill[0]
        low, high = float(block.min()), float(block.max())
        if not (low > -inf and high < inf):
            return None
        if centre:
            np.add(block, -centre, out=block)
        np.right_shift(block.view(np.uint64), SHIFT, raw[start:stop])
        if nulls.size < block.size:
            found.append(_moments(block, nulls, centre, (low, high)))
    return together(found)


def _between(places: Places, start: int, stop: int) -> Places:
    return places[slice(*places.searchsorted((start, stop)))] - start if places.size else places


def first_present(nulls: Places) -> int:
    """The first place that is not among these ascending ones."""
    gaps = np.flatnonzero(nulls != np.arange(nulls.size))
    return int(gaps[0]) if gaps.size else nulls.size


def _moments(block: Floats, nulls: Places, centre: float, extremes: tuple[float, float]) -> Moments:
    """Of the block's offsets, in place."""
    count = block.size - nulls.size
    with np.errstate(over="ignore", invalid="ignore"):  # 1e308 may overflow to infinity, honestly
        if nulls.size:
            block[nulls] = 0.0
        mean, lost = float(block.sum()) / count, 0.0
        m2 = _squares(block) - count * mean * mean
        if not count * mean * mean < _CANCELS * m2:
            np.subtract(block, mean, out=block)
            block[nulls] = 0.0
            rest = float(block.sum())
            m2 = max(_squares(block) - rest * rest / count, 0.0)
            lost = rest / count
    return about(centre, Moments(count, mean, m2, *extremes, lost))


def _squares(values: Floats) -> float:
    whole = values.size // _ROW * _ROW
    rows, tail = values[:whole].reshape(-1, _ROW), values[whole:]
    return float(np.vecdot(rows, rows).sum() + np.vecdot(tail, tail))


def _cells(raw: Places, numbers: Numbers, *, exact: bool) -> Cells:
    counted = np.bincount(raw, minlength=RAW)
    if numbers.nulls.size:
        counted[raw[numbers.nulls[0]]] -= numbers.nulls.size
    counted[0] += counted[NEGATIVE_ZERO]
    counted[NEGATIVE_ZERO] = 0
    if not exact:
        return from_raw(counted)
    used = np.flatnonzero(counted != 0)
    if used.size > EXACT:
        return from_raw(counted)
    return from_raw(counted, _held(raw, numbers.floats(), used))


def _held(raw: Places, values: Floats, used: Places) -> Floats:
    """The value of each used cell, NaN where there are several."""
    present = ~np.isnan(values)
    raw, values = np.where(raw == NEGATIVE_ZERO, 0, raw)[present], values[present]
    held = np.empty(RAW)
    held[raw] = values
    held[raw[held.take(raw) != values]] = np.nan
    return held[used] + 0.0


def _count_odd(values: Floats, centre: float, *, exact: bool) -> Counted:
    """Count numbers among which some are infinite or missing without being null."""
    nulls = np.flatnonzero(np.isnan(values))
    if nulls.size == values.size:
        return Counted(nulls.size, 0, Moments(), Cells())
    offset = np.add(values, -centre)
    offset[nulls] = offset[first_present(nulls)]
    raw = np.right_shift(offset.view(np.uint64), SHIFT).view(np.int64)
    cells = _cells(raw, Numbers(values, nulls), exact=exact)
    finite = moments(values[np.isfinite(values)])
    return Counted(nulls.size, int(np.count_nonzero(values == 0.0)), finite, cells)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
