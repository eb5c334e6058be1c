"""How many rows of a column say as much as one independent row."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.aligning import align
from mooring.profiling.evidence import is_blind, shapes
from mooring.profiling.laws.dependence import LEAST, fitted_inflation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from mooring.profiling.calibration.plan import Pair
    from mooring.profiling.profiles import ColumnProfile

    Floats = NDArray[np.float64]
    Tails = Callable[[float], Floats]


def column_tails(pairs: Sequence[Pair], name: str, alpha: float) -> Tails:
    """The tail of a column's shape in each pair of windows, for any inflation; remembered.

    NaN where the column cannot be tested. Pairs of neighbouring windows, between which a trend or a
    season moves least: what is left is that rows close in time are alike.
    """
    sides = [(pair.base.column(name), pair.now.column(name)) for pair in pairs]
    able = [(a, b) for a, b in sides if a is not None and b is not None and _testable(a, b)]
    told = [a is not None and b is not None and _testable(a, b) for a, b in sides]
    tested = align(able).tested if able else None

    @cache
    def tails(inflation: float) -> Floats:
        found = np.full(len(sides), np.nan)
        if tested is not None:
            found[told] = shapes(tested, alpha, inflation).p_values
        return found

    return tails


def rows_of(pairs: Sequence[Pair]) -> float:
    """The rows of the usual window: no more of them can be alike."""
    return float(np.median([pair.now.rows for pair in pairs])) if pairs else 1.0


def inflation_of(tails: Tails, alpha: float, most: float, without: Collection[int] = ()) -> float:
    """The inflation of a column; NaN without enough windows, or where it never moves.

    Parameters
    ----------
    tails : function
        Of ``column_tails``.
    alpha : float
    most : float
        The rows of the usual window.
    without : collection of int
        Pairs that are not to be asked.
    """
    plain = tails(1.0)
    asked = np.isfinite(plain)
    asked[list(without)] = False
    if asked.sum() < LEAST or (plain[asked] == 1).all():
        return float("nan")
    return fitted_inflation(lambda inflation: tails(inflation)[asked], alpha, most=most)


def _testable(base: ColumnProfile, now: ColumnProfile) -> bool:
    if base.problem or now.problem or is_blind(base):
        return False
    return bool(base.present and now.present)
