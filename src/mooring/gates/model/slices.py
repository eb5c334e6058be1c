"""Parts of the rows on which a better model is worse (FD-28): those declared, and those found.

Every value of a column is a slice (numbers: every fifth, by quantiles), and so is every pair of two
columns' slices. Looking through thousands for the worst finds one by chance in any holdout. So they
are looked for in one half of the rows (the older one, in time order), and only the few worst are
tested, on the other half, corrected for how many those are (Bonferroni). That is honest whatever
the search did (Cox 1975, "data splitting"); the search is like Slice Finder (Chung et al. 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.gates.cases import FloatArray
from mooring.profiling.words import short

_VALUES = 12
"""Slices of one column at most: numbers with more values are cut into fifths."""
DECLARED = 50
"""Of a declared column: its most frequent values, or every number where there are no more."""
_FIFTHS = 5
_GLANCE = 1000
_PAIRED_COLUMNS = 12
"""Pairs are made of the columns that differ most by themselves, as in a lattice search."""
_FOUND = 5
"""Slices that are tested: each more costs certainty for all."""
_SEARCHED_ROWS = 200_000
_ALIKE = 0.5
"""Two slices that share more rows than this are told once."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Some of the rows: those for which ``holds`` is true, called ``name``."""

    name: str
    holds: pl.Expr

    def mask(self, rows: pl.DataFrame) -> Mask:
        """Which rows are in it."""
        return rows.select(self.holds.fill_null(value=False).alias("in"))["in"].to_numpy()


def slices_of(rows: pl.DataFrame, name: str, most: int = _VALUES) -> list[Slice]:
    """The slices of one column, missing values as one of their own; none where all are alike.

    Examples
    --------
    >>> [one.name for one in slices_of(pl.DataFrame({"day": ["Sat", "Sun", None]}), "day")]
    ["day = 'Sat'", "day = 'Sun'", 'day is missing']
    """
    column, dtype = pl.col(name), rows.schema[name]
    if dtype.is_nested() or dtype.is_temporal() or dtype == pl.Binary:
        return []
    if dtype.is_float():
        column = column.fill_nan(None)
    series = rows.select(column)[name]
    known = series.drop_nulls()
    found = list(_values(column, known, name, most))
    if known.len() < series.len():
        found.append(Slice(f"{short(name)} is missing", column.is_null()))
    return found if len(found) > 1 else []


def _values(column: pl.Expr, known: pl.Series, name: str, most: int) -> Iterator[Slice]:
    number = known.dtype.is_numeric()
    many = number and known.head(_GLANCE).n_unique() > most  # counting all of them takes long
    counted = known.head(0 if many else known.len()).value_counts(sort=True, name="rows")
    if many or (number and counted.height > most):
        yield from _fifths(column, known, name)
        return
    for value in sorted(counted[counted.columns[0]].head(most).to_list(), key=str):
        same = column.cast(pl.String) == value if isinstance(value, str) else column == value
        shown = repr(short(value)) if isinstance(value, str) else f"{value}"
        yield Slice(f"{short(name)} = {shown}", same)


def _fifths(column: pl.Expr, known: pl.Series, name: str) -> Iterator[Slice]:
    numbers = known.cast(pl.Float64).to_numpy()
    edges = np.unique(np.quantile(numbers[np.isfinite(numbers)], np.linspace(0, 1, _FIFTHS + 1)))
    for place in range(len(edges) - 1):
        low, high = float(edges[place]), float(edges[place + 1])
        last = place == len(edges) - 2
        above = column >= low if place else pl.lit(value=True) & column.is_not_null()
        below = pl.lit(value=True) if last else column < high
        yield Slice(f"{short(name)} from {low:.6g} to {high:.6g}", above & below)


def worst(
    rows: pl.DataFrame, columns: Iterable[str], gains: FloatArray, least: int
) -> tuple[list[Slice], int]:
    """The slices that gained least, worst first, and how many were looked at.

    Parameters
    ----------
    rows : polars.DataFrame, shape (n, columns)
    columns : names
        To look in.
    gains : array, shape (n,)
        By row; negative is worse.
    least : int
        Rows that a slice must have.
    """
    if rows.height > _SEARCHED_ROWS:
        step = -(-rows.height // _SEARCHED_ROWS)
        rows, gains = rows.gather_every(step), gains[::step]
        least = max(2, least // step)
    coded = {name: _coded(rows, name) for name in columns}
    coded = {name: found for name, found in coded.items() if found[0]}
    scored: list[tuple[float, Slice]] = []
    examined = 0
    strongest: dict[str, float] = {}
    for name, (slices, codes) in coded.items():
        scores = _scores(codes, gains, len(slices), least)
        examined += int(np.isfinite(scores).sum())
        strongest[name] = float(np.nanmax(np.abs(scores), initial=0.0, where=~np.isnan(scores)))
        scored += [(float(scores[k]), slices[k]) for k in np.flatnonzero(scores < 0)]
    chosen = sorted(strongest, key=lambda name: -strongest[name])[:_PAIRED_COLUMNS]
    for one, other in combinations(chosen, 2):
        (slices, codes), (more, inner) = coded[one], coded[other]
        both = np.where((codes >= 0) & (inner >= 0), codes * len(more) + inner, -1)
        scores = _scores(both, gains, len(slices) * len(more), least)
        examined += int(np.isfinite(scores).sum())
        for place in np.flatnonzero(scores < 0)[np.argsort(scores[scores < 0])][:_FOUND]:
            first, second = slices[place // len(more)], more[place % len(more)]
            pair = Slice(f"{first.name}, {second.name}", first.holds & second.holds)
            scored.append((float(scores[place]), pair))
    scored.sort(key=lambda item: item[0])
    return _unlike(rows, [one for _, one in scored[: 10 * _FOUND]]), examined


def _coded(rows: pl.DataFrame, name: str) -> tuple[list[Slice], NDArray[np.int64]]:
    slices = slices_of(rows, name)
    codes = np.full(rows.height, -1, dtype=np.int64)
    for place, one in enumerate(slices):
        codes[one.mask(rows)] = place
    return slices, codes


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


def _unlike(rows: pl.DataFrame, slices: list[Slice]) -> list[Slice]:
    """The first few that do not hold the same rows as one before them."""
    kept: list[tuple[Slice, Mask]] = []
    for one in slices:
        mask = one.mask(rows)
        if all(_overlap(mask, other) <= _ALIKE for _, other in kept):
            kept.append((one, mask))
        if len(kept) == _FOUND:
            break
    return [one for one, _ in kept]


def _overlap(one: Mask, other: Mask) -> float:
    either = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / either if either else 1.0
