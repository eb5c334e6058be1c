"""Bins: fixed by the baseline, with open ends, and room for what the baseline never held.

A numeric column has a fine grid of baseline quantiles; a column of few distinct values has one cell
per value. Cells are ``(edge, next edge]``. The first and last cell are beyond the baseline's range.
A categorical column has one cell per named category, then ``other`` and ``unseen``.
Missing values are counted beside the cells, and become a bin when scores are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Kind = Literal["numeric", "categorical", "boolean", "datetime", "unsupported"]

GRID = 250
"""Cells of the fine grid, and the most distinct values that get a cell each."""
COARSE = 10
"""Bins for PSI and its kin: deciles are the custom; heavy ties add their own."""
NAMED = 100
"""The most categories with a cell of their own."""
KNOWN = 1000
"""The most further categories remembered, so that *unseen* can be told from *rare*."""
BYTES = 16 * 1024
"""The most UTF-8 bytes of categories kept for one column."""
FREQUENT = 5
"""Rows a category needs for a cell of its own."""
SURE = 3.0
"""Standard deviations by which a named category must lead the best one without a cell."""


@dataclass(frozen=True, slots=True)
class Bins:
    """The cells of one column.

    Parameters
    ----------
    edges : tuple of float
        Ascending; numeric cells are ``(edge, next edge]`` with open ends. The first edge is the
        float just below the baseline's minimum, the last is its maximum.
    discrete : bool
        Whether each cell stands for one value that repeats, rather than for a span.
    categories : tuple of str
        Named categories, most frequent first.
    rare : tuple of str
        Categories of the baseline without a cell: they count as ``other``.
    complete : bool
        Whether ``categories`` and ``rare`` are all the baseline held. If not, *unseen* cannot be
        told from *rare*: nothing counts as unseen and everything unnamed is ``other``.
    once : int
        Baseline values seen exactly once: the number of rows expected to be new in as many rows
        again (Good 1953, Good-Turing). For numbers 2, the two extremes.
    """

    edges: tuple[float, ...] = ()
    discrete: bool = False
    categories: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    complete: bool = True
    once: int = 0


def cell_count(kind: Kind, bins: Bins) -> int:
    """How many cells a column of this kind has."""
    if kind == "unsupported":
        return 0
    if kind in {"numeric", "datetime"}:
        return len(bins.edges) + 1
    return len(bins.categories) + 2


def numeric_bins(values: NDArray[np.float64]) -> Bins:
    """The fine grid of finite baseline values.

    Parameters
    ----------
    values : array of float, ascending and finite

    Returns
    -------
    Bins
        One cell per value for at most ``GRID`` distinct values, else quantiles, where a value that
        several quantiles fall on (a heavy tie) is cut off on both sides.
    """
    rows = values.size
    if rows == 0:
        return Bins()
    starts = np.flatnonzero(values[1:] != values[:-1])
    with np.errstate(over="ignore"):  # below the least double is minus infinity, which is meant
        floor = np.nextafter(values[0], -np.inf)
    if starts.size < GRID:
        distinct = np.append(values[starts], values[-1])
        edges = np.append(floor, distinct)
        return Bins(edges=_floats(edges), discrete=bool(distinct.size * 4 <= rows), once=2)
    ranks = -(-np.arange(1, GRID + 1) * rows // GRID) - 1
    picks = values[ranks]
    ties = picks[1:][picks[1:] == picks[:-1]]
    edges = np.unique(np.concatenate([[floor], picks, np.nextafter(ties, -np.inf)]))
    return Bins(edges=_floats(edges), once=2)


def count_numeric(values: NDArray[np.float64], bins: Bins) -> tuple[int, ...]:
    """Rows per cell of ascending values (infinities belong to the open ends)."""
    below = np.searchsorted(values, np.asarray(bins.edges, dtype=np.float64), side="right")
    return _ints(np.diff(below, prepend=0, append=values.size))


def category_bins(values: Sequence[str], counts: Sequence[int]) -> Bins:
    """The named and the rare categories of a baseline column.

    Parameters
    ----------
    values, counts : sequences of the same length
        Distinct categories and their rows, most frequent first, ties in alphabetical order.

    Returns
    -------
    Bins
        At most ``NAMED`` categories have a cell; the others are remembered as long as they number
        at most ``KNOWN`` and all fit in ``BYTES``. Had lucky categories a cell, their share would
        fall in every later window, without any drift (the winner's curse). So one is named only
        with ``FREQUENT`` rows and, once more than ``NAMED`` could be, if it leads the best one left
        out by ``SURE`` standard deviations.
    """
    cut = counts[NAMED] if len(counts) > NAMED else 0
    room = BYTES
    named: list[str] = []
    for value, count in zip(values[:NAMED], counts[:NAMED], strict=True):
        room -= len(value.encode())
        lucky = cut > 0 and count - cut < SURE * (count + cut) ** 0.5
        if count < FREQUENT or lucky or room < 0:
            break
        named.append(value)
    rest = values[len(named) :]
    once = sum(1 for count in counts if count == 1)
    size = sum(len(value.encode()) for value in values)
    if len(rest) <= KNOWN and size <= BYTES:
        return Bins(categories=tuple(named), rare=tuple(rest), once=once)
    return Bins(categories=tuple(named), complete=False)


def count_categories(values: Sequence[str], counts: Sequence[int], bins: Bins) -> tuple[int, ...]:
    """Rows per named category, then ``other``, then ``unseen``."""
    other = len(bins.categories)
    cells = dict.fromkeys(bins.rare, other)
    cells.update({category: cell for cell, category in enumerate(bins.categories)})
    stranger = other + 1 if bins.complete else other
    rows = [0] * (other + 2)
    for value, count in zip(values, counts, strict=True):
        rows[cells.get(value, stranger)] += count
    return tuple(rows)


def coarse_groups(kind: Kind, counts: Sequence[int]) -> NDArray[np.int64]:
    """The bin of each cell, for PSI and its kin; it depends on the baseline alone.

    Parameters
    ----------
    kind : Kind
    counts : sequence of int
        The baseline's rows per cell.

    Returns
    -------
    array of int
        Ascending from 0. Categories stay as they are. Numeric cells join to about ``COARSE`` bins
        of equal baseline share; a value with a tenth of the rows or more keeps a bin of its own,
        so an end beside such a value stays apart from it too.
    """
    cells = np.asarray(counts, dtype=np.int64)
    inner = cells[1:-1]
    if kind not in {"numeric", "datetime"} or inner.size == 0:
        return np.arange(cells.size)
    total = max(int(inner.sum()), 1)
    heavy = inner * COARSE >= total
    run = np.cumsum(np.diff(heavy.astype(np.int8), prepend=0) != 0)
    groups = np.zeros(inner.size, dtype=np.int64)
    top = 0
    for number in np.unique(run):
        here = run == number
        part = _tie_groups(here) if heavy[here][0] else _even_groups(inner[here], total)
        groups[here] = top + part
        top = int(groups[here][-1]) + 1
    first = -1 if heavy[0] else groups[0]
    last = top if heavy[-1] else groups[-1]
    joined = np.concatenate([[first], groups, [last]])
    return np.unique(joined, return_inverse=True)[1].astype(np.int64)


def _tie_groups(here: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Each heavy cell alone."""
    return np.arange(int(here.sum()))


def _even_groups(cells: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Neighbours joined into bins of equal share, as many as their part of all rows deserves."""
    rows = int(cells.sum())
    parts = max(1, int(COARSE * rows / total + 0.5))
    middle = np.cumsum(cells) - cells / 2
    return np.minimum((parts * middle / max(rows, 1)).astype(np.int64), parts - 1)


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _ints(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
