"""Can a classifier tell the current rows from the reference's?

Rows of each side are dealt into ``PARTS`` parts. A model learns on the first part and is scored on
the second, learns on the first two and is scored on the third, and so on. Given all that came
before it, a part's AUROC is a Mann-Whitney statistic of rows the model has not seen: without drift
its mean is exactly 1/2 and its variance is known, whatever the model. So the weighted sum over the
parts is a martingale whose no-drift law is known in closed form.

The usual cross-fitted AUROC has no such law: models that learn on one another's test rows make its
parts depend on each other. Taken for a Mann-Whitney statistic it alarms three to five times as
often as it says with 100 rows a side (``bench/multivariate.py`` measures both).

References
----------
Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests". Podkopaev and Ramdas (2023),
"Sequential predictive two-sample and independence testing". Mann and Whitney (1947); Hollander and
Wolfe (1999), section 4.1, for the variance with ties.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mooring.profiling.multivariate.encoding import Encoded, encode
from mooring.profiling.multivariate.score import (
    MultivariateScore,
    Rules,
    judge,
    strongest,
    too_few,
)
from mooring.profiling.multivariate.sides import bring_together

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import polars as pl
    from numpy.typing import NDArray

PARTS = 5
"""Parts the rows are dealt into; the first one only teaches."""
SHOWN = 1000
"""Rows a side that are asked which columns tell the sides apart."""
ASKED = 200
"""Columns times parts that are asked: wide frames are asked about in fewer parts."""


class _Classifier(Protocol):
    def fit(self, X: NDArray[np.float64], y: NDArray[np.bool_]) -> object: ...

    def predict_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]: ...


@dataclass(frozen=True, slots=True)
class _Part:
    """One test: AUROC above chance, its no-drift variance, and what it was measured with."""

    above: float
    variance: float
    weight: float
    model: _Classifier
    tested: NDArray[np.bool_]


def domain_classifier(  # noqa: PLR0913 - two frames, and how to judge them
    reference: pl.DataFrame,
    current: pl.DataFrame,
    *,
    seed: int = 0,
    max_rows: int = 5000,
    alpha: float = 0.01,
    min_effect: float = 0.1,
) -> MultivariateScore:
    """Train a model to tell the sides apart; the better it does, the more has drifted.

    Sees shifts, changed dependence between columns and changed missingness. Leave out columns that
    drift by what they are, such as an event time or a running number: they give every window away.

    Parameters
    ----------
    reference, current : DataFrame
        Numbers, booleans, instants, categories, text, and lists of numbers (embeddings) are used.
        A missing value is information. Rows are taken to be independent of each other.
    seed : int
        The same seed and rows, in any order, give the same score.
    max_rows : int
        Rows a side that are drawn at most.
    alpha : float, in (0, 1)
        The share of windows that alarm without drift.
    min_effect : float
        The least ``2 AUROC - 1`` that alarms; 0.1 is an AUROC of 0.55.

    Returns
    -------
    MultivariateScore
        ``value`` is the AUROC, ``level`` is ``(0, upper)``: a model worse than chance is no sign of
        drift. ``unknown`` with fewer than 30 rows on a side, or when no column can be used.

    Raises
    ------
    UsageError
        When ``alpha``, ``max_rows`` or ``min_effect`` cannot be meant.

    Examples
    --------
    >>> import polars as pl
    >>> before = pl.DataFrame({"a": range(200), "b": range(200)})
    >>> after = before.with_columns(b=pl.col("b").reverse())
    >>> sorted(domain_classifier(before, after).columns)
    ['a', 'b']
    """
    rules = Rules(seed, max_rows, alpha, min_effect)
    sides = bring_together(reference, current, rules)
    found = MultivariateScore("domain_classifier", rows=sides.rows, ignored=sides.ignored)
    if reason := too_few(sides.rows):
        return replace(found, reason=reason)
    with _one_thread():
        encoded = encode(sides.frame, seed)
        still = tuple(name for name in sides.frame.columns if name not in encoded.owners)
        found = replace(found, ignored=found.ignored + still)
        if not encoded.owners:
            return replace(found, reason="no column that both sides have varies")
        parts = _parts(encoded, sides.is_current, seed)
        found = _measured(found, parts, alpha)
        status, reason = judge("the AUROC", found, rules)
        found = replace(found, status=status, reason=reason)
        if status != "drift":
            return found
        return replace(found, columns=_telling(encoded, sides.is_current, parts, seed))


def auroc(scores: NDArray[np.float64], is_current: NDArray[np.bool_]) -> tuple[float, float]:
    """The area under the ROC curve, and its variance had the sides one distribution.

    Examples
    --------
    >>> area, variance = auroc(np.array([1.0, 2.0, 3.0]), np.array([False, False, True]))
    >>> area
    1.0
    """
    _, place, ties = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[place]
    total = scores.size
    m = int(is_current.sum())
    n = total - m
    area = (float(ranks[is_current].sum()) - m * (m + 1) / 2) / (m * n)
    tied = float(np.sum(ties.astype(np.float64) ** 3 - ties)) / (total * (total - 1))
    return area, max(total + 1 - tied, 0.0) / (12 * m * n)


def _parts(encoded: Encoded, is_current: NDArray[np.bool_], seed: int) -> list[_Part]:
    """One test per part but the first, each by a model of the parts before it."""
    dealt = np.empty(is_current.size, dtype=np.int64)
    for side in (is_current, ~is_current):
        rows = int(side.sum())
        dealt[side] = np.arange(rows) * PARTS // rows  # the rows come in random order
    parts = []
    for part in range(1, PARTS):
        learn, test = dealt < part, dealt == part
        model = _classifier(encoded.categorical, int(learn.sum()), seed)
        model.fit(encoded.matrix[learn], is_current[learn])
        scores = model.predict_proba(encoded.matrix[test])[:, 1]
        area, variance = auroc(scores, is_current[test])
        # Later models have learnt more; a weight fixed beforehand leaves the level as it is.
        parts.append(_Part(area - 0.5, variance, part**0.5, model, test))
    return parts


def _classifier(categorical: tuple[bool, ...], rows: int, seed: int) -> _Classifier:
    """Small trees: they see interactions, scale and outliers do not matter, nulls are a branch."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model: _Classifier = HistGradientBoostingClassifier(
        max_iter=40,
        max_leaf_nodes=8,
        min_samples_leaf=min(20, max(3, rows // 10)),
        l2_regularization=1.0,
        max_bins=128,
        class_weight="balanced",
        early_stopping=False,
        categorical_features=np.asarray(categorical),
        random_state=seed,
    )
    return model


def _measured(found: MultivariateScore, parts: list[_Part], alpha: float) -> MultivariateScore:
    from scipy.special import ndtr, ndtri

    weights = sum(part.weight for part in parts)
    above = sum(part.weight * part.above for part in parts) / weights
    spread = float(np.sqrt(sum((part.weight / weights) ** 2 * part.variance for part in parts)))
    tail = float(ndtr(-above / spread)) if spread > 0 else 1.0
    return replace(
        found,
        value=0.5 + above,
        level=(0.0, min(0.5 - float(ndtri(alpha)) * spread, 1.0)),
        p_value=tail,
        effect=2 * above,
    )


def _telling(
    encoded: Encoded, is_current: NDArray[np.bool_], parts: list[_Part], seed: int
) -> tuple[str, ...]:
    """The columns that the models tell the sides apart by, on rows they had not seen.

    A column's share is the mean of what it adds to nothing and what it adds to all the others (the
    first and last term of its Shapley value): the first finds columns that say the same, the second
    those that speak only together.
    """
    names = tuple(dict.fromkeys(encoded.owners))
    asked = parts[-max(ASKED // len(names), 1) :]  # the later, the better the model
    shares = dict.fromkeys(names, 0.0)
    for number, part in enumerate(asked):
        sides = (part.tested & ~is_current, part.tested & is_current)
        rows = np.concatenate([np.flatnonzero(side)[: SHOWN // len(asked)] for side in sides])
        mixed = rows[np.random.default_rng([seed, 2, number]).permutation(rows.size)]
        matrices = (encoded.matrix[rows], encoded.matrix[mixed])
        found = _shares(part.model, matrices, is_current[rows], np.asarray(encoded.owners))
        shares = {name: shares[name] + found[name] for name in names}
    return strongest(shares)


def _shares(
    model: _Classifier,
    matrices: tuple[NDArray[np.float64], NDArray[np.float64]],
    truth: NDArray[np.bool_],
    owners: NDArray[np.str_],
) -> dict[str, float]:
    """What each column adds to the AUROC; a column is taken away by mixing its rows."""
    asked, mixed = matrices

    def area(kept: NDArray[np.bool_]) -> float:
        return auroc(model.predict_proba(np.where(kept, asked, mixed))[:, 1], truth)[0]

    every = np.ones(owners.size, dtype=np.bool_)
    rise = area(every) - area(~every)
    return {
        str(name): (rise + area(owners == name) - area(owners != name)) / 2
        for name in np.unique(owners)
    }


def _one_thread() -> AbstractContextManager[object]:
    """The work is small: threads would cost more than they bring, and change the last digits."""
    import_module("sklearn.ensemble")  # the limit holds for what is loaded by then
    limits: AbstractContextManager[object] = import_module("threadpoolctl").threadpool_limits(1)
    return limits
