"""The rows of two sides in the same bins: all columns that can be compared, laid end to end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.profiling.bins import count_in
from mooring.profiling.counting.cells import recentred
from mooring.profiling.grids import fix
from mooring.profiling.pairs import Pairs, joined
from mooring.profiling.profiles import MEASURED
from mooring.profiling.runs import rows_between, starts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mooring.profiling.pairs import Places
    from mooring.profiling.profiles import ColumnProfile


class Sides(NamedTuple):
    """One column on both sides.

    Parameters
    ----------
    base : ColumnProfile
    current : ColumnProfile
        Counted about the baseline's centre.
    exact : bool
        Whether it was counted so from the start; if not, nobody knows how far off it is.
    """

    base: ColumnProfile
    current: ColumnProfile
    exact: bool


@dataclass(frozen=True)
class Aligned:
    """Columns of which both sides can be told apart.

    Parameters
    ----------
    columns : tuple of Sides
        Those with cells (``MEASURED``) before the others.
    measured : int
        How many of them have cells.
    """

    columns: tuple[Sides, ...]
    measured: int

    @cached_property
    def fine(self) -> Pairs:
        """Rows per fine bin, of the columns with cells."""
        measured = self.columns[: self.measured]
        fine = [sides.base.grid.fine for sides in measured]
        if not fine:
            return Pairs(np.zeros(0), np.zeros(0), starts_of(fine))
        borders = [sides.base.grid.borders for sides in measured]
        now = rows_between(borders, [sides.current.cells for sides in measured])
        return Pairs(np.concatenate(fine), now, starts_of(fine))

    @cached_property
    def coarse(self) -> Pairs:
        """Rows per coarse bin, the missing values last."""
        grids = [sides.base.grid for sides in self.columns]
        before = [grid.coarse for grid in grids]
        starts = starts_of(before)
        named = (count_in(each.current, each.base.bins) for each in self.columns[self.measured :])
        a, b = np.concatenate(before), np.concatenate([self.fine.b, *named])
        bins = _moved_by(starts, (grid.groups for grid in grids))
        now = joined(bins, b, a.size)
        now[np.append(starts[1:], a.size) - 1] = [sides.current.nulls for sides in self.columns]
        return Pairs(a, now, starts)

    @cached_property
    def tested(self) -> Pairs:
        """The same with unseen categories among the others."""
        tested = [sides.base.grid.tested for sides in self.columns]
        sizes = np.array([bins[-1] + 1 for bins in tested], dtype=np.intp)
        starts = np.cumsum(sizes) - sizes
        bins = _moved_by(starts, tested)
        a, b = (joined(bins, side) for side in (self.coarse.a, self.coarse.b))
        return Pairs(a, b, starts)


def align(pairs: Iterable[tuple[ColumnProfile, ColumnProfile]]) -> Aligned:
    """Columns of a baseline and of a window side by side; those with cells come first."""
    pairs = tuple(pairs)
    fix([base for base, _ in pairs])
    measured: list[Sides] = []
    others: list[Sides] = []
    for base, current in pairs:
        if base.kind in MEASURED:
            moved = recounted(current, base)
            measured.append(Sides(base, moved, moved is current))
        else:
            others.append(Sides(base, current, exact=True))
    return Aligned((*measured, *others), len(measured))


def recounted(current: ColumnProfile, base: ColumnProfile) -> ColumnProfile:
    """The window's cells about the baseline's centre: approximate when another was subtracted."""
    if current.layout.centre == base.layout.centre:
        return current
    moved = recentred(current.cells, current.layout.centre, base.layout.centre)
    return replace(current, layout=base.layout, cells=moved)


def _moved_by(starts: Places, parts: Iterable[Places]) -> Places:
    return np.concatenate(
        [part + start for part, start in zip(parts, starts.tolist(), strict=True)]
    )
