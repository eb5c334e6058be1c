"""Where did a better model get worse (FD-28)? A search through every column and pair of columns.

Looking through thousands of slices for the worst finds one by chance in any holdout. Two searches
share the chance of a false find, one half each:

- single columns, cut fine (50 values, or twentieths of the rows): every row searches, every row
  tests, at a level corrected for all slices that could have been chosen (Bonferroni);
- these and pairs of columns: looked for in one half of the rows (the older one, in time order), and
  the few worst tested on the other, corrected for those few. That is honest whatever the search did
  (Cox 1975, "data splitting").

Neither does for all. Correcting for thousands of pairs wants tails that few rows in time order do
not reach; a half of the rows is too few to see a small slice among hundreds. The lattice of pairs
is as in Slice Finder (Chung et al. 2019). ``bench/gates/slices.py`` measures level and power.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.gates.cases import FloatArray
from mooring.gates.inference.plan import Plan
from mooring.gates.model.slices import DECLARED, Mask, Slice, slices_of

TWENTIETHS = 20
PAIRED_COLUMNS = 12
"""Pairs are looked at for the columns that differ most by themselves, as in a lattice search."""
FOUND = 5
"""Slices that are told."""
SEARCHED_ROWS = 200_000
"""More rows are searched in a sample of so many; they are all tested."""
_ALIKE = 0.5
"""Two slices that share more rows than this are told once."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Slices that share no row, and which of them each row is in; -1 for none."""

    slices: tuple[Slice, ...]
    codes: NDArray[np.int64]

    def only(self, mask: Mask) -> Cut:
        """The same of some rows."""
        return Cut(self.slices, self.codes[mask])


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Rows cut by every column, ready to be searched more than once.

    Parameters
    ----------
    rows : polars.DataFrame
        Those that are searched.
    coarse : mapping of str to Cut
        By column; pairs are made of these.
    fine : mapping of str to Cut
        Where a column can be cut finer.
    least : int
        Rows that a slice must have.
    """

    rows: pl.DataFrame
    coarse: Mapping[str, Cut]
    fine: Mapping[str, Cut]
    least: int

    def only(self, mask: Mask) -> Lattice:
        """The same slices of some of the rows."""
        coarse = {name: cut.only(mask) for name, cut in self.coarse.items()}
        fine = {name: cut.only(mask) for name, cut in self.fine.items()}
        return Lattice(self.rows.filter(pl.Series(mask)), coarse, fine, self.least)


def lattice(rows: pl.DataFrame, columns: Iterable[str], least: int) -> Lattice:
    """Cuts the rows by each column.

    Parameters
    ----------
    rows : polars.DataFrame, shape (n, columns)
    columns : names
    least : int
        Rows that a slice must have.
    """
    coarse, fine = {}, {}
    for name in columns:
        slices = slices_of(rows, name)
        if not slices:
            continue
        coarse[name] = _cut(rows, slices)
        finer = slices_of(rows, name, DECLARED, TWENTIETHS)
        if len(finer) > len(slices):
            fine[name] = _cut(rows, finer)
    return Lattice(rows, coarse, fine, least)


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """Rows to look in, and the others.

    Parameters
    ----------
    look : array of int
        Places of those that are looked at: one half of all, or a sample of it.
    searched : Lattice
        Of these.
    test : array of bool, shape (n,)
        The other half.
    """

    look: NDArray[np.intp]
    searched: Lattice
    test: Mask


def sample_of(rows: int, seed: int) -> NDArray[np.intp]:
    """Places of the rows that are searched, in their order: all, or as many as are bearable.

    Drawn, for every so-manieth row may fall in step with the rows (a shop every tenth).
    """
    if rows <= SEARCHED_ROWS:
        return np.arange(rows)
    drawn = np.random.default_rng(seed).choice(rows, SEARCHED_ROWS, replace=False)
    return np.sort(drawn)


def halves_of(sample: NDArray[np.intp], searched: Lattice, rows: int, plan: Plan) -> Halves:
    """Divides rows in two: older and newer ones in time order, else by lot.

    Parameters
    ----------
    sample : array of int
        Places of the rows of ``searched`` among all ``rows``.
    plan : Plan
    """
    if plan.time_ordered:
        first = np.arange(rows) < rows // 2
    else:
        first = np.random.default_rng(plan.seed).permutation(rows) < rows // 2
    return Halves(sample[first[sample]], searched.only(first[sample]), ~first)


def worst_single(searched: Lattice, gains: FloatArray) -> tuple[list[Slice], int]:
    """The slices of one column that gained least, worst first, and how many were looked at.

    Parameters
    ----------
    searched : Lattice
    gains : array, shape (n,)
        By row of the lattice; negative is worse.

    Returns
    -------
    list of Slice
        At most five, no two of which are mostly the same rows.
    int
    """
    singles, _ = _singles(searched, gains)
    return _unlike(searched.rows, singles), len(singles)


def worst(searched: Lattice, gains: FloatArray) -> tuple[list[Slice], int]:
    """As :func:`worst_single`, of one column or two."""
    singles, strongest = _singles(searched, gains)
    chosen = sorted(strongest, key=lambda name: -strongest[name])[:PAIRED_COLUMNS]
    scored = [*singles, *_pairs(searched, chosen, gains)]
    return _unlike(searched.rows, scored), len(scored)


def _cut(rows: pl.DataFrame, slices: list[Slice]) -> Cut:
    codes = np.full(rows.height, -1, dtype=np.int64)
    for place, one in enumerate(slices):
        codes[one.mask(rows)] = place
    return Cut(tuple(slices), codes)


_Scored = list[tuple[Slice, float]]


def _singles(searched: Lattice, gains: FloatArray) -> tuple[_Scored, dict[str, float]]:
    """Every slice of one column with its score, and how much each column differs by itself."""
    found: dict[str, tuple[Slice, float]] = {}
    strongest: dict[str, float] = {}
    for cuts in (searched.coarse, searched.fine):
        for name, cut in cuts.items():
            scores = _scores(cut.codes, gains, len(cut.slices), searched.least)
            known = scores[np.isfinite(scores)]
            strongest.setdefault(name, float(np.max(np.abs(known), initial=0.0)))
            for place in np.flatnonzero(np.isfinite(scores)):
                found[cut.slices[place].name] = (cut.slices[place], float(scores[place]))
    return list(found.values()), strongest


def _pairs(searched: Lattice, names: list[str], gains: FloatArray) -> Iterator[tuple[Slice, float]]:
    for one, other in combinations(names, 2):
        first, second = searched.coarse[one], searched.coarse[other]
        width = len(second.slices)
        both = np.where(
            (first.codes >= 0) & (second.codes >= 0), first.codes * width + second.codes, -1
        )
        scores = _scores(both, gains, len(first.slices) * width, searched.least)
        for place in np.flatnonzero(np.isfinite(scores)):
            a, b = first.slices[place // width], second.slices[place % width]
            yield Slice(f"{a.name}, {b.name}", a.holds & b.holds), float(scores[place])


def _scores(codes: NDArray[np.int64], gains: FloatArray, count: int, least: int) -> FloatArray:
    """Mean over standard error by slice; NaN where there are too few rows."""
    inside = codes >= 0
    codes, gains = codes[inside], gains[inside]
    rows = np.bincount(codes, minlength=count)
    enough = np.maximum(rows, 2)
    mean = np.bincount(codes, gains, count) / enough
    square = np.bincount(codes, gains**2, count) / enough
    error = np.sqrt(np.maximum(square - mean**2, 0) / (enough - 1))
    scores = mean / np.where(error > 0, error, np.inf)
    return np.where(rows >= least, scores, np.nan)


def _unlike(rows: pl.DataFrame, scored: _Scored) -> list[Slice]:
    """The worst few that do not hold the same rows as one before them."""
    worse = sorted((pair for pair in scored if pair[1] < 0), key=lambda pair: pair[1])
    kept: list[tuple[Slice, Mask]] = []
    for one, _ in worse[: 10 * FOUND]:
        mask = one.mask(rows)
        if all(_overlap(mask, other) <= _ALIKE for _, other in kept):
            kept.append((one, mask))
        if len(kept) == FOUND:
            break
    return [one for one, _ in kept]


def _overlap(one: Mask, other: Mask) -> float:
    either = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / either if either else 1.0
