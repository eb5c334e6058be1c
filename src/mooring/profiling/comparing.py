"""Has a window drifted from its baseline? A verdict per column, and one number for all.

A column has drifted when some evidence is beyond chance *and* beyond a floor:

- **shape**: the population stability index over the baseline's bins, with missing and unseen values
  as bins of their own;
- **missing**: the share of missing values rose;
- **unseen**: the share of categories the baseline never held, or of numbers beyond its range, rose;
- **centre**, **spread**: of an embedding, the mean or the spread of some dimension moved;
- **classifier**: of an embedding, where the caller has raw rows, a model tells them apart.

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
from mooring.profiling.bins import count_in
from mooring.profiling.describing import (
    aligned,
    all_scores,
    direction,
    groups_of,
    most_moved,
    with_missing,
)
from mooring.profiling.evidence import is_blind, rises, shape, tested_bins
from mooring.profiling.findings import (
    BinShift,
    ColumnDrift,
    Comparison,
    DriftRules,
    Evidence,
    Status,
)
from mooring.profiling.laws.levels import benjamini_hochberg
from mooring.profiling.strangers import unseen
from mooring.profiling.vectors import dimensions_moved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mooring.profiling.profiles import ColumnProfile, Profile

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
_STRANGERS = {"categorical": "unseen values", "boolean": "unseen values", "text": "unseen words"}


def compare(
    base: Profile,
    current: Profile,
    *,
    rules: DriftRules = DriftRules(),  # noqa: B008 - frozen
    weights: Mapping[str, float] | None = None,
    also: Mapping[str, Evidence] | None = None,
) -> Comparison:
    """Compare a window's profile with its baseline.

    Profiles hold no rows, so a model cannot be trained on them to tell embeddings apart: what turns
    all dimensions at once is not seen here. ``reporting.report.make_report`` and ``mooring report``
    have the rows and bring that evidence in by ``also``.

    Parameters
    ----------
    base : Profile
    current : Profile
        From ``profile(rows, baseline=base)``, or several of those merged.
    rules : DriftRules
    weights : mapping of column name to weight, optional
        Importance of columns in ``distance``, 0 for those not named. All alike when absent.
        Weights do not change which columns drift.
    also : mapping of column name to Evidence, optional
        What is known of a column from elsewhere; it joins the family that is corrected together.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        When a weight is negative or not a number.

    Examples
    --------
    >>> from mooring.profiling import profile
    >>> base = profile({"x": range(1000)})
    >>> compare(base, profile({"x": range(500, 1000)}, baseline=base)).status
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
    columns = _settle(_joined_by(judged, also or {}), rules)
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
    rules = rules.of(base.name)
    blocked = _cannot_tell(base, current, rules)
    if blocked or current is None:
        return ColumnDrift(name=base.name, kind=base.kind, status="unknown", reason=blocked)
    recounted = aligned(current, base)
    exact, current = recounted is current, recounted
    groups = groups_of(base)
    fine = np.asarray(base.counts, dtype=np.int64), count_in(current, base.bins)
    a, b = (with_missing(fine[0], groups, base), with_missing(fine[1], groups, current))
    tested = shape(tested_bins(base, a), tested_bins(base, b), rules.alpha, rules.inflation)
    blind = is_blind(base)
    first = (
        [] if blind else [Evidence("shape", tested.effect, rules.floor(base.name), tested.p_value)]
    )
    strangers = unseen(base, current, int(fine[1][0] + fine[1][-1]) if fine[1].size > 1 else 0)
    return ColumnDrift(
        name=base.name,
        kind=base.kind,
        status="unknown",
        reason=(_ALL_RARE if base.bins.rare else _BLIND) if blind else "",
        scores=all_scores(base, current, fine, (a, b), exact=exact),
        effect=tested.effect,
        level=tested.level,
        p_value=tested.p_value,
        null_rate=(base.null_rate, current.null_rate),
        unseen_rate=strangers.rate,
        moved=most_moved(base, a, b),
        direction=direction(base, current),
        evidence=(
            *first,
            *rises(base, current, strangers, rules),
            *dimensions_moved(base, current, rules),
        ),
    )


def _joined_by(columns: list[ColumnDrift], also: Mapping[str, Evidence]) -> list[ColumnDrift]:
    """The columns with the evidence from elsewhere; what cannot be judged stays so."""
    return [
        replace(column, evidence=(*column.evidence, also[column.name]))
        if column.evidence and column.name in also
        else column
        for column in columns
    ]


def _cannot_tell(base: ColumnProfile, current: ColumnProfile | None, rules: DriftRules) -> str:
    """Why this column cannot be judged; empty when it can."""
    if current is None:
        return "not in the window"
    if base.problem or current.problem:
        return base.problem or current.problem
    unable = _unlike(base, current) or _too_few(base, current, max(rules.min_rows, 1))
    if not unable and base.present == 0 and current.present == 0:
        return "every value is missing, in the baseline and in the window"
    return unable


def _unlike(base: ColumnProfile, current: ColumnProfile) -> str:
    if base.kind != current.kind:
        return f"the baseline is {base.kind}, the window {current.kind}"
    before, now = len(base.dimensions), len(current.dimensions)
    if before and now and before != now:
        return f"embeddings have {before} dimensions in the baseline, {now} in the window"
    return ""


def _too_few(base: ColumnProfile, current: ColumnProfile, needed: int) -> str:
    for side, rows in (("baseline", base.rows), ("window", current.rows)):
        if rows < needed:
            return f"the {side} has {rows} rows, at least {needed} are needed"
    return ""


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
    what = _STRANGERS.get(column.kind, "values beyond the baseline's range")
    before, now = column.null_rate
    texts = {
        "shape": index,
        "missing": f"missing values rose from {before:.1%} to {now:.1%}",
        "unseen": f"{column.unseen_rate:.1%} {what}",
        "centre": "the embeddings' centre moved",
        "spread": "the embeddings' spread changed",
        "classifier": "a classifier tells the embeddings apart",
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
