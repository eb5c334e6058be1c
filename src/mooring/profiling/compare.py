"""Has a window drifted from its baseline? A verdict per column, and one number for all.

A column has drifted when some evidence is beyond chance *and* beyond a floor:

- **shape**: the population stability index over the baseline's bins, with missing and unseen values
  as bins of their own;
- **missing**: the share of missing values rose;
- **unseen**: the share of categories the baseline never held, or of numbers beyond its range, rose.

All evidence of all columns is one family under Benjamini-Hochberg, so ``alpha`` bounds the chance
that a window without drift raises any alarm. Evidence without a single event is left out of the
family, as it cannot reach any level (Tarone 1990; Gilbert 2005).
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import UsageError
from mooring.profiling import scores
from mooring.profiling.bins import coarse_groups
from mooring.profiling.evidence import is_blind, rises, shape, tested_bins
from mooring.profiling.findings import (
    BinShift,
    ColumnDrift,
    Comparison,
    DriftRules,
    Evidence,
    Status,
)
from mooring.profiling.labels import bin_labels
from mooring.profiling.levels import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mooring.profiling.profile import ColumnProfile, Profile

__all__ = [
    "BinShift",
    "ColumnDrift",
    "Comparison",
    "DriftRules",
    "Evidence",
    "Status",
    "compare",
]

_BLIND = "too many distinct values in the baseline; only missing values are judged"
_ALL_RARE = "no value is frequent in the baseline; only missing and unseen values are judged"
MOVED = 3
"""How many of the bins that moved most are named."""


def compare(
    base: Profile,
    current: Profile,
    *,
    rules: DriftRules = DriftRules(),  # noqa: B008 - frozen
    weights: Mapping[str, float] | None = None,
) -> Comparison:
    """Compare a window's profile with its baseline.

    Parameters
    ----------
    base : Profile
        From ``baseline``.
    current : Profile
        From ``profile(frame, like=base)``, or several of those merged.
    rules : DriftRules
    weights : mapping of column name to weight, optional
        Importance of columns in ``distance``, 0 for those not named. All alike when absent.
        Weights do not change which columns drift.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        When a weight is negative or not a number.

    Examples
    --------
    >>> import polars as pl
    >>> from mooring.profiling.profile import baseline, profile
    >>> base = baseline(pl.DataFrame({"x": range(1000)}))
    >>> later = profile(pl.DataFrame({"x": range(500, 1000)}), base)
    >>> compare(base, later).status
    'drift'
    """
    theirs = {column.name: column for column in current.columns}
    judged = [_judge(column, theirs.pop(column.name, None), rules) for column in base.columns]
    judged += [
        ColumnDrift(
            name=column.name, kind=column.kind, status="unknown", reason="not in the baseline"
        )
        for column in theirs.values()
    ]
    columns = _settle(judged, rules)
    drifted = any(column.status == "drift" for column in columns)
    return Comparison(
        rows_baseline=base.rows,
        rows_current=current.rows,
        columns=columns,
        drifted=drifted,
        status=_overall(columns, base),
        distance=_distance(columns, weights),
    )


def _judge(base: ColumnProfile, current: ColumnProfile | None, rules: DriftRules) -> ColumnDrift:
    """Scores and evidence of one column; the status is settled over all of them."""
    blocked = _cannot_tell(base, current, rules)
    if blocked or current is None:
        return ColumnDrift(name=base.name, kind=base.kind, status="unknown", reason=blocked)
    groups = coarse_groups(base.kind, base.counts)
    a, b = _with_missing(base, groups), _with_missing(current, groups)
    tested = shape(tested_bins(base, a), tested_bins(base, b), rules.alpha)
    blind = is_blind(base)
    first = [] if blind else [Evidence("shape", tested.effect, rules.min_psi, tested.p_value)]
    return ColumnDrift(
        name=base.name,
        kind=base.kind,
        status="unknown",
        reason=(_ALL_RARE if base.bins.rare else _BLIND) if blind else "",
        scores=_scores(base, current, a, b),
        effect=tested.effect,
        level=tested.level,
        p_value=tested.p_value,
        null_rate=(base.null_rate, current.null_rate),
        unseen_rate=current.unseen_rate,
        moved=_moved(base, groups, a, b),
        evidence=(*first, *rises(base, current, rules)),
    )


def _cannot_tell(base: ColumnProfile, current: ColumnProfile | None, rules: DriftRules) -> str:
    """Why this column cannot be judged; empty when it can."""
    if current is None:
        return "not in the window"
    if base.problem or current.problem:
        return base.problem or current.problem
    if (base.kind, base.bins) != (current.kind, current.bins):
        return "the window was counted in other bins than the baseline"
    for side, rows in (("baseline", base.rows), ("window", current.rows)):
        if rows < max(rules.min_rows, 1):
            return f"the {side} has {rows} rows, at least {max(rules.min_rows, 1)} are needed"
    if base.present == 0 and current.present == 0:
        return "every value is missing, in the baseline and in the window"
    return ""


def _with_missing(column: ColumnProfile, groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rows per coarse bin, the missing values last."""
    return np.append(np.bincount(groups, weights=column.counts), float(column.nulls))


def _scores(
    base: ColumnProfile, current: ColumnProfile, a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[tuple[str, float], ...]:
    homogeneous = scores.chisquare(a, b)
    found = [
        ("psi", scores.psi(a, b)),
        ("jensenshannon", scores.jensenshannon(a, b)),
        ("hellinger", scores.hellinger(a, b)),
        ("tvd", scores.total_variation(a, b)),
        ("chisquare", homogeneous.statistic),
        ("chisquare_p", homogeneous.p_value),
    ]
    if base.kind in {"numeric", "datetime"}:
        furthest = scores.kolmogorov_smirnov(base.counts, current.counts)
        moved = scores.wasserstein(
            base.counts,
            current.counts,
            edges=base.bins.edges,
            scale=base.deviation,
            discrete=base.bins.discrete,
        )
        found += [
            ("ks", furthest.statistic),
            ("ks_p", furthest.p_value),
            ("wasserstein", moved),
        ]
    return tuple(found)


def _moved(
    base: ColumnProfile,
    groups: NDArray[np.int64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
) -> tuple[BinShift, ...]:
    p, q = a / a.sum(), b / b.sum()
    labels = bin_labels(base.kind, base.bins, groups.tolist())
    order = np.argsort(-np.abs(q - p), kind="stable")[:MOVED]
    return tuple(
        BinShift(labels[index], float(p[index]), float(q[index]))
        for index in order
        if p[index] != q[index]
    )


def _settle(columns: list[ColumnDrift], rules: DriftRules) -> tuple[ColumnDrift, ...]:
    """Give each judged column its status, the evidence of all corrected together."""
    family = [item.p_value for column in columns for item in column.evidence]
    adjusted = iter(benjamini_hochberg(family))
    return tuple(_decide(column, adjusted, rules) for column in columns)


def _decide(column: ColumnDrift, adjusted: Iterator[float], rules: DriftRules) -> ColumnDrift:
    if not column.evidence:
        return column
    evidence = tuple(
        replace(item, q_value=q, drift=q <= rules.alpha and item.effect >= item.floor)
        for item, q in zip(column.evidence, adjusted, strict=False)
    )
    blind = evidence[0].kind != "shape" or isnan(evidence[0].p_value)
    status: Status = "unknown" if blind else "ok"
    if any(item.drift for item in evidence):
        status = "drift"
    decided = replace(
        column,
        status=status,
        evidence=evidence,
        q_value=min(item.q_value for item in evidence),
    )
    return replace(decided, reason=_reason(decided))


def _reason(column: ColumnDrift) -> str:
    index = f"PSI {column.effect:.3f}{_joined(column)}, no drift stays under {column.level:.3f}"
    if column.status == "unknown":
        return column.reason or "the population stability index is not a number"
    if column.status == "ok":
        return index if column.level > 0 else "every row is in one bin, on both sides"
    what = "values beyond the baseline's range" if column.kind != "categorical" else "unseen values"
    before, now = column.null_rate
    texts = {
        "shape": index,
        "missing": f"missing values rose from {before:.1%} to {now:.1%}",
        "unseen": f"{column.unseen_rate:.1%} {what}",
    }
    return "; ".join(texts[item.kind] for item in column.evidence if item.drift)


def _joined(column: ColumnDrift) -> str:
    """Why the index that was judged is not the score that stands beside it, where it is not."""
    same = f"{column.score('psi'):.3f}" == f"{column.effect:.3f}"
    return "" if same else " with rare values joined"


def _overall(columns: tuple[ColumnDrift, ...], base: Profile) -> Status:
    # What the baseline itself cannot describe was never watched: listed, but no cause for doubt.
    idle = {column.name for column in base.columns if column.problem or is_blind(column)}
    if any(column.status == "drift" for column in columns):
        return "drift"
    states = {column.status for column in columns if column.name not in idle}
    return "ok" if states == {"ok"} else "unknown"


def _distance(
    columns: tuple[ColumnDrift, ...], weights: Mapping[str, float] | None
) -> float | None:
    if weights is not None:
        wrong = [name for name, weight in weights.items() if not 0 <= weight < float("inf")]
        if wrong:
            raise UsageError("weights must be 0 or more", where=", ".join(wrong))
    pairs = [
        (column.score("jensenshannon"), 1.0 if weights is None else weights.get(column.name, 0.0))
        for column in columns
        if column.status != "unknown"
    ]
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total > 0 else None
