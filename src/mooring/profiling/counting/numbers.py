"""Counting numbers: cells, moments and missing values of the chunks of a column.

`kernels.c` does it in one pass over the memory; where it is not compiled, NumPy counts the same
cells, and moments that differ by rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.profiling.counting.cells import EXACT, NEGATIVE_ZERO, RAW, SHIFT, Cells, from_raw
from mooring.profiling.counting.compiled import kernels
from mooring.profiling.counting.moments import Moments, about, moments, together
from mooring.profiling.counting.scratch import scratch
from mooring.reading.buffers import chunks, null_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_ZERO = np.array(0.0)
_WIDE = (pl.Int128, pl.UInt128)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers as they lie in memory.

    Parameters
    ----------
    values : ndarray of integers or floats, read-only
    validity : ndarray of uint8 or None
        A bit for each value, 0 where it is missing; what stands there does not matter.
    bit : int
        Which bit is that of the first value.
    factor, divisor : float
        What to multiply and divide by: instants and spans of time become seconds.
    """

    values: NDArray[np.generic]
    validity: NDArray[np.uint8] | None = None
    bit: int = 0
    factor: float = 1.0
    divisor: float = 1.0

    def floats(self) -> Floats:
        """All of them as floats, NaN where they are missing."""
        found: Floats
        if self.factor != 1.0:
            found = np.multiply(self.values, self.factor)
        elif self.divisor != 1.0:
            found = np.divide(self.values, self.divisor)
        else:
            with np.errstate(invalid="ignore"):  # a signalling NaN is missing like any other
                found = np.add(self.values, _ZERO)
        found = found.astype(np.float64, copy=False)
        found[null_places(self.validity, self.bit, found.size)] = np.nan
        return found


@dataclass(frozen=True, slots=True)
class Counted:
    """What some numbers hold."""

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
        yield Numbers(chunk.values, chunk.validity, chunk.bit, factor, divisor)


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
    if not parts:
        return Counted(0, 0, Moments(), Cells())
    return (_interpreted if kernels is None else _compiled)(parts, centre, exact=exact)


def _compiled(parts: Sequence[Numbers], centre: float, *, exact: bool) -> Counted:
    assert kernels is not None  # noqa: S101 - for the type checker
    cells = scratch("cells", RAW, np.uint32)  # is empty again once they were taken
    held = scratch("held", RAW, np.float64) if exact else None
    nulls = zeros = 0
    found: list[Moments] = []
    for part in parts:
        missing, zero, count, mean, lost, m2, low, high = kernels.count_numbers(
            part.values,
            part.values.dtype.kind,
            part.values.dtype.itemsize,
            part.validity,
            part.bit,
            part.factor,
            part.divisor,
            centre,
            cells,
            held,
            EXACT,
        )
        nulls, zeros = nulls + missing, zeros + zero
        if count:
            found.append(about(centre, Moments(count, mean, m2, low, high, lost)))
    return Counted(nulls, zeros, together(found), _taken(cells, held))


def _taken(cells: NDArray[np.uint32], held: Floats | None) -> Cells:
    assert kernels is not None  # noqa: S101 - for the type checker
    ids, counts = scratch("ids", RAW, np.int32), scratch("counts", RAW, np.int64)
    values = scratch("values", RAW, np.float64)
    used = kernels.take_cells(cells, held, ids, counts, values)
    known = None if held is None or used > EXACT else values[:used].copy()
    return Cells(ids[:used].copy(), counts[:used].copy(), known)


def _interpreted(parts: Sequence[Numbers], centre: float, *, exact: bool) -> Counted:
    every = np.concatenate([part.floats() for part in parts])
    values = every[~np.isnan(every)]
    raw = np.right_shift(np.add(values, -centre).view(np.uint64), SHIFT).view(np.int64)
    raw[raw == NEGATIVE_ZERO] = 0
    used, counts = np.unique(raw, return_counts=True)
    held = _held(raw, values, used) if exact and used.size <= EXACT else None
    zeros = int(np.count_nonzero(values == 0.0))
    cells = from_raw(used, counts, held)
    return Counted(every.size - values.size, zeros, _moments(values, centre), cells)


def _moments(values: Floats, centre: float) -> Moments:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Moments()
    low, high = float(finite.min()), float(finite.max())
    return about(centre, replace(moments(finite - centre), minimum=low, maximum=high))


def _held(raw: NDArray[np.int64], values: Floats, used: NDArray[np.int64]) -> Floats:
    """The value of each used cell, NaN where there are several."""
    places = np.searchsorted(used, raw)
    held = np.empty(used.size)
    held[places] = values
    held[places[held.take(places) != values]] = np.nan
    return held + 0.0
