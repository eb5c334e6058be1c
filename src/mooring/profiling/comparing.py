"""Has a window drifted from its baseline? A verdict per column, and one number for all.

A column has drifted when some evidence is beyond chance *and* beyond a floor:

- **shape**: the population stability index over the baseline's bins, with missing and unseen values
  as bins of their own;
- **missing**: the share of missing values rose;
- **unseen**: the share of categories the baseline never held, or of numbers beyond its range, rose;
- **centre**, **spread**: of an embedding, the mean or the spread of some dimension moved;
- **classifier**: of an embedding, where the caller has raw rows, a model tells them apart;
- **flood**: of texts too many to list, one took a share of the rows that it had not.

All evidence of all columns is one family under Benjamini-Hochberg, so ``alpha`` bounds the chance
that a window without drift raises any alarm. Evidence without a single event is left out of the
family, as it cannot reach any level (Tarone 1990; Gilbert 2005).
"""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.errors import UsageError
from mooring.profiling.aligning import align
from mooring.profiling.describing import all_scores, direction, most_moved
from mooring.profiling.evidence import (
    Found,
    corrected,
    flooded,
    is_blind,
    rises,
    shapes,
)
from mooring.profiling.findings import (
    BinShift,
    ColumnDrift,
    Comparison,
    DriftRules,
    Evidence,
    Status,
)
from mooring.profiling.floods import flood_of
from mooring.profiling.strangers import strangers_of
from mooring.profiling.vectors import dimensions_moved
from mooring.profiling.words import short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mooring.profiling.aligning import Sides
    from mooring.profiling.profiles import ColumnProfile, Profile
    from mooring.profiling.strangers import Strangers

__all__ = [
    "BinShift",
    "ColumnDrift",
    "Comparison",
    "DriftRules",
    "Evidence",
    "Status",
    "compare",
]

_BLIND = "too many distinct values in the baseline; only missing values and floods are judged"
_ALL_RARE = "no value is frequent in the baseline; only missing and unseen values are judged"
_STRANGERS = {"categorical": "unseen values", "boolean": "unseen values", "text": "unseen words"}


def compare(
    base: Profile,
    current: Profile,
    *,
    rules: DriftRules = DriftRules(),  # noqa: B008 - frozen
    weights: Mapping[str, float] | None = None,
    also: Mapping[str, Found] | None = None,
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
    also : mapping of column name to Found, optional
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
    paired = [(column, theirs.pop(column.name, None)) for column in base.columns]
    blocked = [_cannot_tell(before, now, rules) for before, now in paired]
    able = [
        (before, now)
        for (before, now), why in zip(paired, blocked, strict=True)
        if now is not None and not why
    ]
    judged = _judge(able, rules, also or {})
    columns = (
        *(
            _unknown(before, why) if why else next(judged)
            for (before, _), why in zip(paired, blocked, strict=True)
        ),
        *(_unknown(column, "not in the baseline") for column in theirs.values()),
    )
    return Comparison(
        rows_baseline=base.rows,
        rows_current=current.rows,
        columns=columns,
        drifted=any(column.status == "drift" for column in columns),
        status=_overall(columns, base),
        distance=_distance(columns, weights),
    )


def _unknown(column: ColumnProfile, why: str) -> ColumnDrift:
    return ColumnDrift(name=column.name, kind=column.kind, status="unknown", reason=why)


class _Seen(NamedTuple):
    """What one column shows, before it is judged."""

    sides: Sides
    effect: float
    level: float
    p_value: float
    scores: tuple[tuple[str, float], ...]
    moved: tuple[BinShift, ...]
    strangers: Strangers


def _judge(
    able: Sequence[tuple[ColumnProfile, ColumnProfile]],
    rules: DriftRules,
    also: Mapping[str, Found],
) -> Iterator[ColumnDrift]:
    """Scores, evidence and status of columns that can be judged, in their order."""
    if not able:
        return
    aligned = align(able)
    own = dict(rules.inflations)
    alike = np.array([own.get(each.base.name, rules.inflation) for each in aligned.columns])
    tested = shapes(aligned.tested, rules.alpha, alike)
    parts = (
        aligned.columns,
        *(part.tolist() for part in tested),
        all_scores(aligned),
        most_moved(aligned),
        strangers_of(aligned),
    )
    seen = [_Seen(*each) for each in zip(*parts, strict=True)]
    evidence = corrected(_evidence(seen, rules, also), rules.alpha)
    found = {
        one.sides.base.name: _decided(one, why) for one, why in zip(seen, evidence, strict=True)
    }
    for base, _ in able:
        yield found[base.name]


def _evidence(
    seen: Sequence[_Seen], rules: DriftRules, also: Mapping[str, Found]
) -> list[list[Found]]:
    """All evidence of each column, its shape first."""
    risen = rises([(*one.sides[:2], one.strangers) for one in seen], rules)
    floors = dict(rules.floors)
    found = []
    for one, more in zip(seen, risen, strict=True):
        base, current, _ = one.sides
        floor = floors.get(base.name, rules.min_psi)
        first = [] if is_blind(base) else [Found("shape", one.effect, floor, one.p_value)]
        vectors = dimensions_moved(base, current, rules.of(base.name)) if base.dimensions else []
        other = [also[base.name]] if base.name in also else []
        found.append([*first, *more, *vectors, *flooded(base, current, rules), *other])
    return found


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


def _decided(seen: _Seen, evidence: tuple[Evidence, ...]) -> ColumnDrift:
    base, current = seen.sides.base, seen.sides.current
    status = _status(evidence)
    return ColumnDrift(
        name=base.name,
        kind=base.kind,
        status=status,
        reason=_reason(seen, status, evidence),
        scores=seen.scores,
        effect=seen.effect,
        level=seen.level,
        p_value=seen.p_value,
        q_value=min((item.q_value for item in evidence), default=nan),
        null_rate=(base.null_rate, current.null_rate),
        unseen_rate=seen.strangers.rate,
        moved=seen.moved,
        direction=direction(base, current),
        evidence=evidence,
    )


def _status(evidence: Sequence[Evidence]) -> Status:
    if any(item.drift for item in evidence):
        return "drift"
    shape = evidence[0] if evidence and evidence[0].kind == "shape" else None
    return "unknown" if shape is None or isnan(shape.p_value) else "ok"


def _reason(seen: _Seen, status: Status, evidence: Sequence[Evidence]) -> str:
    base, current = seen.sides.base, seen.sides.current
    if status == "unknown":
        return _unseeing(base)
    index = f"PSI {seen.effect:.3f}{_joined(seen)}, no drift stays under {seen.level:.3f}"
    if status == "ok":
        return index if seen.level > 0 else "every row is in one bin, on both sides"
    what = _STRANGERS.get(base.kind, "values beyond the baseline's range")
    texts = {
        "shape": index,
        "missing": f"missing values rose from {base.null_rate:.1%} to {current.null_rate:.1%}",
        "unseen": f"{seen.strangers.rate:.1%} {what}",
        "centre": "the embeddings' centre moved",
        "spread": "the embeddings' spread changed",
        "classifier": "a classifier tells the embeddings apart",
        "flood": _flood(base, current),
    }
    return "; ".join(texts[item.kind] for item in evidence if item.drift)


def _flood(base: ColumnProfile, current: ColumnProfile) -> str:
    flood = flood_of(base, current)
    if flood is None:
        return ""
    before, now = flood.before / flood.rows, flood.now / flood.trials
    return f"{short(flood.text)!r} rose from {before:.1%} of the rows to {now:.1%}"


def _unseeing(base: ColumnProfile) -> str:
    if is_blind(base):
        return _ALL_RARE if base.bins.rare else _BLIND
    return "the population stability index is not a number"


def _joined(seen: _Seen) -> str:
    """Why the index that was judged is not the score that stands beside it, where it is not."""
    same = f"{dict(seen.scores)['psi']:.3f}" == f"{seen.effect:.3f}"
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
        (
            dict(column.scores)["jensenshannon"],
            1.0 if weights is None else weights.get(column.name, 0.0),
        )
        for column in columns
        if column.status != "unknown"
    ]
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total > 0 else None
