"""NannyML's univariate methods, each fitted to a reference and then scoring chunks.

Read from NannyML 0.13 (``nannyml.drift.univariate.methods``). A method is a function of the
reference that gives a function of a chunk: Doane's bins of the reference, or its categories, with
one more bin for what lies outside them. Missing values are dropped; infinities are not, and
NannyML cannot bin them. A chunk without values scores NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mooring.errors import DataError, UsageError
from mooring.profiling.compat import divergence
from mooring.profiling.compat.sample import known, ordered, present, tally
from mooring.profiling.scores import Tested

if TYPE_CHECKING:
    from mooring.profiling.compat.column import Kind
    from mooring.profiling.compat.sample import Array, Column

Scorer: TypeAlias = "Callable[[Column], float]"
Compare: TypeAlias = "Callable[[Array, Array], float]"

_MANY_ROWS = 10_000
_FINE_BINS = 10_000
_YATES = 0.5


def fit(method: str, kind: Kind, reference: Column) -> Scorer:
    """The score of any chunk against ``reference``.

    Parameters
    ----------
    method : str
        A key of ``METHODS[kind]``.
    kind : "numeric" or "categorical"
        NannyML says continuous for numeric.
    reference : polars.Series or numpy array

    Raises
    ------
    UsageError
        When there is no such method for that kind.
    DataError
        When the reference has no values, or infinities among them.

    Examples
    --------
    >>> score = fit("l_infinity", "categorical", np.array(["a", "a", "b", "b"]))
    >>> score(np.array(["a", "c"]))
    0.5
    """
    if method not in METHODS[kind]:
        raise UsageError(
            f"NannyML has no method {method!r} for {kind} columns",
            fix=f"one of {', '.join(METHODS[kind])}",
        )
    return METHODS[kind][method](reference)


def jensen_shannon(reference: Column) -> Scorer:
    """Jensen-Shannon distance in base 2 over Doane's bins of the reference."""
    return _binned(reference, lambda p, q: divergence.jensenshannon(p, q, 2))


def hellinger(reference: Column) -> Scorer:
    """Hellinger distance over Doane's bins of the reference."""
    return _binned(reference, divergence.hellinger)


def jensen_shannon_categorical(reference: Column) -> Scorer:
    """Jensen-Shannon distance in base 2 over the reference's categories."""
    return _by_category(reference, lambda p, q: divergence.jensenshannon(p, q, 2))


def hellinger_categorical(reference: Column) -> Scorer:
    """Hellinger distance over the reference's categories."""
    return _by_category(reference, divergence.hellinger)


def kolmogorov_smirnov(reference: Column) -> Scorer:
    """Kolmogorov-Smirnov statistic: over 10,000 equal bins of a reference of as many rows."""
    x = np.sort(_numbers(reference))
    if x.size < _MANY_ROWS:
        return _scored(lambda y: _exact_statistic(x, y))
    edges = np.linspace(x[0], x[-1], _FINE_BINS + 1)
    expected = np.cumsum(np.histogram(x, edges)[0] / x.size)

    def score(y: Array) -> float:
        below = np.count_nonzero(y < edges[0]) / y.size
        found = below + np.cumsum(np.histogram(y, edges)[0] / y.size)
        return float(np.abs(expected - found).max())

    return _scored(score)


def wasserstein(reference: Column) -> Scorer:
    """Wasserstein-1 distance in the column's unit, over 10,000 bins of as many reference rows.

    Beyond the reference's range it follows NannyML, whose share outside counts one row too many.
    """
    x = _numbers(reference)
    if x.size < _MANY_ROWS:
        return _scored(lambda y: divergence.wasserstein(np.asarray(x, dtype=np.float64), y))
    counts, edges = np.histogram(x, bins=_FINE_BINS)
    expected, low, high = np.cumsum(counts / x.size), edges[0], edges[-1]

    def score(y: Array) -> float:
        under, over = y[y < low], y[y > high]
        share_under = (under.size + 1) / y.size if under.size else 0.0
        share_over = (over.size + 1) / y.size if over.size else 0.0
        found = np.cumsum(np.histogram(y, edges)[0] / y.size) + share_under
        within = float(np.sum(np.abs(expected - found) * (edges[1] - edges[0])))
        tail_under = _area(np.append(under, low), above=False) * share_under
        return within + tail_under + _area(np.append(over, high), above=True) * share_over

    return _scored(score)


def l_infinity(reference: Column) -> Scorer:
    """The largest difference of a category's shares."""
    expected = present(reference, infinite=True)
    before = expected.counts()

    def score(chunk: Column) -> float:
        found = known(chunk, infinite=True)
        if found is None:
            return float("nan")
        keys = ordered({**before, **found.counts()})
        p, q = tally(keys, before) / expected.rows, tally(keys, found.counts()) / found.rows
        return float(np.abs(p - q).max())

    return score


def chi2_statistic(reference: Column) -> Scorer:
    """The statistic of ``chi2``; NannyML's alert is its p-value below 0.05."""
    return lambda chunk: chi2(reference, chunk).statistic


def chi2(reference: Column, chunk: Column) -> Tested:
    """Chi-square test of homogeneity, with Yates' correction for two categories."""
    from scipy.special import chdtrc

    found = known(chunk, infinite=True)
    if found is None:
        return Tested(float("nan"), float("nan"))
    before, after = present(reference, infinite=True).counts(), found.counts()
    keys = ordered({**before, **after})
    if len(keys) == 1:
        return Tested(0.0, 1.0)
    seen = np.stack([tally(keys, before), tally(keys, after)])
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    apart = np.abs(seen - expected)
    if len(keys) == 2:  # noqa: PLR2004 (one degree of freedom)
        apart -= np.minimum(_YATES, apart)
    statistic = float(np.sum(apart**2 / expected))
    return Tested(statistic, float(chdtrc(len(keys) - 1, statistic)))


def _binned(reference: Column, compare: Compare) -> Scorer:
    x = _numbers(reference)
    edges = np.histogram_bin_edges(np.asarray(x, dtype=np.float64), bins="doane")
    expected = np.histogram(x, bins=edges)[0] / x.size
    return _scored(lambda y: _with_rest(compare, expected, np.histogram(y, edges)[0] / y.size))


def _by_category(reference: Column, compare: Compare) -> Scorer:
    before = present(reference, infinite=True)
    counts = before.counts()
    keys = ordered(counts)
    expected = tally(keys, counts) / before.rows

    def score(chunk: Column) -> float:
        found = known(chunk, infinite=True)
        if found is None:
            return float("nan")
        return _with_rest(compare, expected, tally(keys, found.counts()) / found.rows)

    return score


def _scored(score: Callable[[Array], float]) -> Scorer:
    """A score of numbers, as a score of a raw chunk."""

    def of(chunk: Column) -> float:
        found = known(chunk, infinite=True)
        return float("nan") if found is None else score(found.numbers())

    return of


def _numbers(reference: Column) -> Array:
    x = present(reference, infinite=True).numbers()
    if not np.isfinite(x).all():
        raise DataError("NannyML cannot fit a reference with infinities")
    return x


def _with_rest(compare: Compare, p: Array, q: Array) -> float:
    """Compares the shares, with what the chunk has outside the reference's bins as one more."""
    rest = 1 - np.sum(q)
    if rest > 0:
        p, q = np.append(p, 0), np.append(q, rest)
    return compare(p, q)


def _exact_statistic(x: Array, y: Array) -> float:
    """The Kolmogorov-Smirnov statistic; ``x`` is sorted."""
    every = np.concatenate([x, y])
    below_x = np.searchsorted(x, every, "right") / x.size
    below_y = np.searchsorted(np.sort(y), every, "right") / y.size
    return float(np.abs(below_x - below_y).max())


def _area(values: Array, *, above: bool) -> float:
    """The area under the distribution function of the values, or above it."""
    x, counts = np.unique(values, return_counts=True)
    below = np.cumsum(counts) / values.size
    return float(np.sum((1 - below if above else below)[:-1] * np.diff(x)))


METHODS: Mapping[Kind, Mapping[str, Callable[[Column], Scorer]]] = {
    "numeric": {
        "jensen_shannon": jensen_shannon,
        "kolmogorov_smirnov": kolmogorov_smirnov,
        "wasserstein": wasserstein,
        "hellinger": hellinger,
    },
    "categorical": {
        "jensen_shannon": jensen_shannon_categorical,
        "chi2": chi2_statistic,
        "l_infinity": l_infinity,
        "hellinger": hellinger_categorical,
    },
}
