"""Metrics that depend on the order of the scores: their values, and what each row adds to them.

The influence of a row is the derivative of the metric by that row's weight (Efron's infinitesimal
jackknife), times the number of rows. It turns a difference of two such metrics into a mean over
rows, which can be resampled in blocks without sorting anything again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Rows grouped by equal score, highest score first.

    Parameters
    ----------
    positive : array of 0.0 and 1.0, one per row
    group : array of int, one per row; the place of the row's score among the distinct scores
    found, false : weight of positive and negative rows with this score or a higher one, by group
    """

    positive: FloatArray
    group: NDArray[np.intp]
    found: FloatArray
    false: FloatArray


def rank(positive: FloatArray, score: FloatArray, weights: FloatArray | None = None) -> Ranked:
    """Group the rows by score.

    Parameters
    ----------
    positive : array of 0.0 and 1.0, shape (n,)
    score : array of finite numbers, shape (n,)
    weights : array of numbers >= 0, shape (n,), optional; 1 for each row when absent

    Returns
    -------
    Ranked
    """
    order = np.argsort(-score)  # of equal scores only the sums matter
    ordered = score[order]
    ends = np.append(ordered[1:] != ordered[:-1], np.True_)[: len(score)]
    group = np.empty(len(score), dtype=np.intp)
    group[order] = np.cumsum(ends) - ends
    of_positive = positive if weights is None else positive * weights
    of_negative = 1.0 - positive if weights is None else (1.0 - positive) * weights
    found, false = np.cumsum(of_positive[order])[ends], np.cumsum(of_negative[order])[ends]
    return Ranked(positive, group, found, false)


def _steps(cumulated: FloatArray) -> FloatArray:
    return np.diff(cumulated, prepend=0.0)


def _precisions(ranked: Ranked) -> tuple[FloatArray, FloatArray]:
    """Precision at each distinct score, and the weight at or above it (1 where there is none)."""
    answered = ranked.found + ranked.false
    answered = np.where(answered > 0, answered, 1.0)
    return ranked.found / answered, answered


def roc_auc(ranked: Ranked) -> float:
    """Area under the ROC curve, ties counted half; NaN when only one class has weight."""
    if not len(ranked.found) or not ranked.found[-1] > 0 or not ranked.false[-1] > 0:
        return float("nan")
    heights = ranked.found - _steps(ranked.found) / 2
    area = float(_steps(ranked.false) @ heights)
    return area / float(ranked.found[-1] * ranked.false[-1])


def roc_auc_influence(ranked: Ranked) -> FloatArray:
    """What each row adds to the area: the structural components of DeLong.

    DeLong, DeLong and Clarke-Pearson 1988, with the one-sort computation of Sun and Xu 2014.
    """
    positives, negatives = ranked.found[-1], ranked.false[-1]
    area = roc_auc(ranked)
    of_positive = 1.0 - (ranked.false - _steps(ranked.false) / 2) / negatives
    of_negative = (ranked.found - _steps(ranked.found) / 2) / positives
    by_row = np.where(
        ranked.positive > 0,
        (of_positive[ranked.group] - area) / positives,
        (of_negative[ranked.group] - area) / negatives,
    )
    return np.asarray(by_row * len(ranked.positive), dtype=np.float64)


def average_precision(ranked: Ranked) -> float:
    """Mean precision over the recall steps; NaN when no positive row has weight."""
    if not len(ranked.found) or not ranked.found[-1] > 0:
        return float("nan")
    precisions, _ = _precisions(ranked)
    return float(_steps(ranked.found) @ precisions / ranked.found[-1])


def average_precision_influence(ranked: Ranked) -> FloatArray:
    """What each row adds to the average precision, by differentiating it by the row's weight."""
    precisions, answered = _precisions(ranked)
    gained = _steps(ranked.found)
    below_found = np.cumsum((gained / answered)[::-1])[::-1]
    below_all = np.cumsum((gained * precisions / answered)[::-1])[::-1]
    value = average_precision(ranked)
    own = ranked.positive * (precisions + below_found - value)[ranked.group]
    by_row = (own - below_all[ranked.group]) / ranked.found[-1]
    return np.asarray(by_row * len(ranked.positive), dtype=np.float64)
