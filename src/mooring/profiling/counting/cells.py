"""Cells: the number line cut by the leading bits of a double, and how many rows lie in each piece.

The bits of a double, read as an integer, keep its order (IEEE 754, section 5.10): dropping all but
the first 18 leaves 64 cells for every power of two, 131,008 on either side of zero. Counting rows
per cell needs no earlier look at the data, adds up over any partition, and orders all rows to
within 1.6 % of their distance from the centre. The centre is subtracted first, so that time stamps
and other numbers far from zero are told apart as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

BITS = 18
_DROPPED = 64 - BITS
SHIFT: NDArray[np.uint64] = np.array(_DROPPED, dtype=np.uint64)
RAW = 1 << BITS
"""Raw cells: the first 18 bits as they are, negative numbers last and in reverse."""
_SIGN = RAW >> 1
NEGATIVE_ZERO = _SIGN
"""The raw cell of -0.0, and of negative numbers above -2e-310, all of which count as zero."""
INFINITE = 0x7FF << (BITS - 12)
"""The cell of plus infinity; that of minus infinity is ``-INFINITE - 1``."""
EXACT = 512
"""The most cells for which the single value of each is remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows per cell.

    Parameters
    ----------
    ids : ndarray of int32, ascending
        Cells that hold a row: 0 upwards from zero, -1 downwards.
    counts : ndarray of int64
        Their rows, at least 1 each.
    values : ndarray of float or None
        The value that all rows of a cell share, NaN where they differ; None when there are more
        than ``EXACT`` cells, or when nobody looked.
    """

    ids: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    values: NDArray[np.float64] | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cells):
            return NotImplemented
        if (self.values is None) != (other.values is None):
            return False
        return (
            np.array_equal(self.ids, other.ids)
            and np.array_equal(self.counts, other.counts)
            and (
                self.values is None
                or other.values is None
                or np.array_equal(self.values, other.values, equal_nan=True)
            )
        )

    def __hash__(self) -> int:
        return hash((self.ids.tobytes(), self.counts.tobytes()))

    @property
    def rows(self) -> int:
        """All rows counted."""
        return int(self.counts.sum())

    @property
    def infinite(self) -> int:
        """Rows of plus or minus infinity."""
        beyond = (self.ids >= INFINITE) | (self.ids < -INFINITE)
        return int(self.counts[beyond].sum())


def from_raw(
    raw: NDArray[np.int64],
    counts: NDArray[np.int64],
    values: NDArray[np.float64] | None = None,
) -> Cells:
    """The cells of counted raw cells.

    Parameters
    ----------
    raw : ndarray of int, ascending
        Raw cells that hold a row.
    counts : ndarray of int
        Their rows.
    values : ndarray of float, optional
        The value of each.
    """
    split = int(np.searchsorted(raw, _SIGN))
    ids = np.concatenate([(_SIGN - 1 - raw[split:])[::-1], raw[:split]]).astype(np.int32)
    order = np.concatenate([counts[split:][::-1], counts[:split]])
    known = None if values is None else np.concatenate([values[split:][::-1], values[:split]])
    return Cells(ids, order, known)


def merged(parts: Iterable[Cells]) -> Cells:
    """Rows per cell of all parts together; the result does not depend on their order."""
    found = [part for part in parts if part.ids.size]
    if len(found) < 2:  # noqa: PLR2004 - nothing to add
        return found[0] if found else Cells()
    ids, where = np.unique(np.concatenate([part.ids for part in found]), return_inverse=True)
    counts = np.zeros(ids.size, dtype=np.int64)
    np.add.at(counts, where, np.concatenate([part.counts for part in found]))
    known = [part.values for part in found if part.values is not None]
    if len(known) < len(found) or ids.size > EXACT:
        return Cells(ids, counts)
    values = np.concatenate(known)
    lowest, highest = np.full(ids.size, np.inf), np.full(ids.size, -np.inf)
    with np.errstate(invalid="ignore"):  # NaN stays NaN, which is meant
        np.minimum.at(lowest, where, values)
        np.maximum.at(highest, where, values)
    return Cells(ids, counts, np.where(lowest == highest, lowest, np.nan))


def borders(ids: NDArray[np.int32], centre: float) -> NDArray[np.float64]:
    """The value at which each cell begins: the end nearer to zero above it, the far one below.

    Parameters
    ----------
    ids : ndarray of int32
    centre : float

    Returns
    -------
    ndarray of float
        Ascending with the ids; infinite beyond the largest double.
    """
    wide = ids.astype(np.int64)
    steps = np.where(wide >= 0, wide, -wide)
    size = (np.minimum(steps, INFINITE).astype(np.uint64) << SHIFT).view(np.float64)
    with np.errstate(over="ignore"):
        found: NDArray[np.float64] = np.where(wide >= 0, size, -size) + centre
    return found


def cell_of(value: float, centre: float) -> int:
    """The cell that a number lies in."""
    raw = np.right_shift(np.array(value - centre + 0.0).view(np.uint64), SHIFT).item()
    return int(raw) if raw < _SIGN else _SIGN - 1 - int(raw)


def recentred(cells: Cells, before: float, after: float) -> Cells:
    """The same rows about another centre, each cell as if all of it lay in its middle."""
    ends = borders(cells.ids, before), borders(cells.ids + 1, before)
    with np.errstate(over="ignore", invalid="ignore"):
        middle = np.where(np.isinf(ends[1]), ends[0], ends[0] / 2 + ends[1] / 2)
        middle = np.where(cells.ids == -INFINITE, ends[1], middle)  # it begins at minus infinity
        raw = np.right_shift((middle - after + 0.0).view(np.uint64), SHIFT).view(np.int64)
    found, where = np.unique(raw, return_inverse=True)
    counts = np.zeros(found.size, dtype=np.int64)
    np.add.at(counts, where, cells.counts)
    return from_raw(found, counts)
