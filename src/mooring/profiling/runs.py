"""Cells of many columns, laid end to end as ascending whole numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.counting.cells import RAW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mooring.profiling.counting.cells import Cells
    from mooring.profiling.pairs import Floats, Places

    Ids = NDArray[np.int32] | NDArray[np.int64]

BEYOND = RAW - 1
"""No cell is as far from zero."""
COLUMN = 2 * BEYOND + 2
"""How far the cells of one column are moved from those of the column before."""
_MANY = 1000
"""Columns whose cells, moved apart and doubled, need more than 31 bits."""
_KEPT = 1 << 23
_NONE = np.zeros(1, dtype=np.int64)


def starts_of(parts: Sequence[NDArray[np.generic]]) -> Places:
    """Where each of these begins when they are laid end to end."""
    sizes = np.array([part.size for part in parts], dtype=np.intp)
    return np.cumsum(sizes) - sizes


def laid_out(ids: Sequence[NDArray[np.int32]]) -> Ids:
    """Cells of several columns, ascending: each column's lie beyond all of the one before."""
    _keep_memory()
    places = np.arange(len(ids), dtype=np.int32 if len(ids) < _MANY else np.int64)
    return np.concatenate(ids) + np.repeat(places * COLUMN, [part.size for part in ids])


def summed(cells: Sequence[Cells]) -> Floats:
    """Rows of several columns before each cell, and all rows: whole, so exactly."""
    return np.cumsum(np.concatenate([_NONE, *(each.counts for each in cells)]), dtype=np.float64)


def met_before(borders: Ids, cells: Ids) -> Places:
    """How many cells lie before each border, both ascending.

    As ``searchsorted``, but merging two long runs takes a fraction of so many searches.
    """
    both = np.concatenate([borders * 2, cells * 2 + 1])
    both.sort(kind="stable")
    places = np.flatnonzero((both & 1) == 0)
    return places - np.arange(places.size)


def rows_between(borders: Sequence[NDArray[np.int32]], cells: Sequence[Cells]) -> Floats:
    """Rows of each column between its borders, which are one more than that each."""
    met = met_before(laid_out(borders), laid_out([each.ids for each in cells]))
    below = summed(cells).take(met)
    # between the last border of a column and the first of the next one lies no cell
    inside = np.ones(below.size - 1, dtype=bool)
    inside[starts_of(borders)[1:] - 1] = False
    return (below[1:] - below[:-1])[inside]


@lru_cache(maxsize=1)
def _keep_memory() -> None:
    """Let the C library keep memory that is given back.

    Arrays of more than 128 kB it asks the system for, which hands them out page by page: that takes
    longer than what is computed in them. Once a larger one was freed, glibc keeps as much
    (``mallopt(3)``, dynamic threshold). The array is never written to, so it takes no memory.
    """
    np.empty(_KEPT, dtype=np.uint8)
