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

from mooring.profiling.counting.cells import (
    EXACT,
    NEGATIVE_ZERO,
    RAW,
    SHIFT,
    Cells,
    from_raw,
    merged,
)
from mooring.profiling.counting.moments import Moments, about, moments, together
from mooring.profiling.counting.scratch import scratch
from mooring.reading.buffers import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Places = NDArray[np.intp]
    Floats = NDArray[np.float64]

_BLOCK = 65_536
_CANCELS = 100.0
"""How many times the squared deviations the squared mean may be, before it is taken off first."""
_ROW = 8192
"""Squares are summed in rows of this length: the linear algebra library starts threads on more."""
_ZERO = np.array(0.0)
_FEW = 16_384
"""Rows up to which sorting them costs less than looking at every cell."""


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


def count_numbers(chunks_of: Iterable[Numbers], centre: float, *, exact: bool) -> Counted:
    """Count the chunks of a column together.

    Parameters
    ----------
    chunks_of : iterable of Numbers
    centre : float
        Is subtracted before numbers are put into cells.
    exact : bool
        Whether to look for the single value of each cell.
    """
    parts = tuple(chunks_of)
    raw = scratch("raw", sum(len(part.values) for part in parts), np.uint64)
    at, nulls = 0, 0
    plain: list[tuple[int, Numbers, Moments]] = []
    odd: list[Counted] = []
    for part in parts:
        if part.nulls.size == len(part.values):
            nulls += part.nulls.size
            continue
        found = _blocks(part, centre, raw[at : at + len(part.values)])
        if found is None:
            odd.append(_count_odd(part.floats(), centre, exact=exact))
        else:
            plain.append((at, part, found))
            at += len(part.values)
    if plain:
        odd.append(_count_plain(raw[:at].view(np.int64), plain, centre, exact=exact))
    return Counted(
        nulls + sum(found.nulls for found in odd),
        sum(found.zeros for found in odd),
        together(found.moments for found in odd),
        merged(found.cells for found in odd),
    )


def _count_plain(
    raw: Places, parts: Sequence[tuple[int, Numbers, Moments]], centre: float, *, exact: bool
) -> Counted:
    """Count chunks whose raw cells are known."""
    fills = [(raw[at + part.nulls[0]], part.nulls.size) for at, part, _ in parts if part.nulls.size]
    used, counts = _counted(raw, fills)
    found = together(one for _, _, one in parts)
    low, high = _or(found.minimum, 1.0), _or(found.maximum, 1.0)
    zeros = 0
    if low <= 0 <= high and (centre != 0 or used[0] == 0):
        zeros = sum(int(np.count_nonzero(part.floats() == 0.0)) for _, part, _ in parts)
    held = None
    if exact and used.size <= EXACT:
        held = _held(raw, np.concatenate([part.floats() for _, part, _ in parts]), used)
    cells = from_raw(used, counts, held)
    return Counted(sum(n for _, n in fills), zeros, found, cells)


def _blocks(numbers: Numbers, centre: float, raw: NDArray[np.uint64]) -> Moments | None:
    """Write the raw cell of each number; None when some are infinite or NaN."""
    fill = np.empty(1)
    if numbers.nulls.size:
        first = first_present(numbers.nulls)
        numbers.read(first, first + 1, fill)
    whole = scratch("block", _BLOCK, np.float64)
    found: list[Moments] = []
    for start in range(0, raw.size, _BLOCK):
        stop = min(start + _BLOCK, raw.size)
        block, nulls = whole[: stop - start], _between(numbers.nulls, start, stop)
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


def _counted(raw: Places, fills: Iterable[tuple[int, int]]) -> tuple[Places, Places]:
    """Raw cells that hold a row, and their rows, without those that stand for missing ones."""
    if raw.size <= _FEW:
        used, counts = np.unique(raw, return_counts=True)
    else:
        every = scratch("cells", RAW, np.int64)
        every.fill(0)
        np.add.at(every, raw, 1)
        used = np.flatnonzero(every != 0)  # many times faster than on integers
        counts = every[used]
    for cell, rows in fills:
        counts[np.searchsorted(used, cell)] -= rows
    used[used == NEGATIVE_ZERO] = 0
    if (used == 0).any():
        used, where = np.unique(used, return_inverse=True)
        counts = np.bincount(where, weights=counts).astype(np.int64)
    return used[counts > 0], counts[counts > 0]


def _held(raw: Places, values: Floats, used: Places) -> Floats:
    """The value of each used cell, NaN where there are several."""
    present = ~np.isnan(values)
    raw, values = np.where(raw == NEGATIVE_ZERO, 0, raw)[present], values[present]
    places = np.searchsorted(used, raw)
    held = np.empty(used.size)
    held[places] = values
    held[places[held.take(places) != values]] = np.nan
    return held + 0.0


def _count_odd(values: Floats, centre: float, *, exact: bool) -> Counted:
    """Count numbers among which some are infinite or missing without being null."""
    nulls = np.flatnonzero(np.isnan(values))
    if nulls.size == values.size:
        return Counted(nulls.size, 0, Moments(), Cells())
    offset = np.add(values, -centre)
    offset[nulls] = offset[first_present(nulls)]
    raw = np.right_shift(offset.view(np.uint64), SHIFT).view(np.int64)
    used, counts = _counted(raw, [(int(raw[nulls[0]]), nulls.size)] if nulls.size else [])
    held = _held(raw, values, used) if exact and used.size <= EXACT else None
    finite = moments(values[np.isfinite(values)])
    zeros = int(np.count_nonzero(values == 0.0))
    return Counted(nulls.size, zeros, finite, from_raw(used, counts, held))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
