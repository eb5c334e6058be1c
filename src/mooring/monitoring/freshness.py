"""How old the features of a window were when they were answered, and whether that is too old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from mooring.clock import parse_duration
from mooring.monitoring.detail import FeatureAge, number
from mooring.monitoring.words import span_words
from mooring.pipeline.feature_age import FeatureAges, ages_of
from mooring.profiling.words import share
from mooring.serving.context import count_unknown, feature_age, logged_context

if TYPE_CHECKING:
    from mooring.serving.log import LoggedRows
    from mooring.settings import Settings

MAY_BE_OLD = 0.05
"""Share of answers whose features may be older than the limit: the limit is one for the 95th
percentile, as service levels of latency and freshness are commonly put."""


def window_age(settings: Settings, rows: LoggedRows, training: bytes | None) -> FeatureAge | None:
    """The feature age of a window's rows.

    Parameters
    ----------
    settings : Settings
    rows : LoggedRows
        Of one model version.
    training : bytes or None
        The ages of its training rows, as the version carries them.

    Returns
    -------
    FeatureAge or None
        None without ``serving.features_at``.
    """
    field = settings.serving.features_at
    if field is None:
        return None
    said = (one.get(field) for one in logged_context(rows.context))
    ages = [feature_age(v, at) for v, at in zip(said, rows.meta["at"].to_list(), strict=True)]
    known = [age for age in ages if isinstance(age, float)]
    limit = settings.monitoring.max_feature_age
    seconds = None if limit is None else parse_duration(limit).total_seconds()
    before = None if training is None else msgspec.json.decode(training, type=FeatureAges)
    old = 0 if seconds is None else sum(age > seconds for age in known)
    status = judge_age(len(ages), len(known), old, settings.monitoring.min_rows)
    window = _plain(ages_of(known, len(ages)))
    return FeatureAge(
        status="told" if seconds is None else status,
        reason=_words(window, count_unknown(ages), before, limit),
        window=window,
        training=before,
        limit=seconds,
    )


def judge_age(rows: int, known: int, old: int, least: int) -> Literal["ok", "stale", "unknown"]:
    """Whether the features of some rows are stale.

    Rows of unknown age are never counted as fresh: with too many of them nobody can tell.

    Parameters
    ----------
    rows, known, old : int
        All of them, those of a known age, and those older than the limit.
    least : int
        With fewer rows nothing is said.

    Examples
    --------
    >>> judge_age(100, 100, 6, 50), judge_age(100, 93, 4, 50), judge_age(100, 100, 5, 50)
    ('stale', 'unknown', 'ok')
    """
    if rows < least:
        return "unknown"
    if old > MAY_BE_OLD * rows:
        return "stale"
    return "unknown" if old + rows - known > MAY_BE_OLD * rows else "ok"


def _plain(ages: FeatureAges) -> FeatureAges:
    """Numbers of six digits, as everything a score keeps."""
    return FeatureAges(
        rows=ages.rows,
        unknown=ages.unknown,
        median=number(ages.median),
        p95=number(ages.p95),
        longest=number(ages.longest),
    )


def _words(
    window: FeatureAges, why: dict[str, int], training: FeatureAges | None, limit: str | None
) -> str:
    parts = [_ages(window)]
    if training is not None:
        parts.append(f"in training {_ages(training)}")
    if limit is not None:
        parts.append(f"the limit is {limit} for 95% of answers")
    if window.unknown:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(why.items()))
        parts.append(f"unknown in {share(window.unknown / window.rows)} of rows ({reasons})")
    return "; ".join(parts)


def _ages(ages: FeatureAges) -> str:
    if ages.median is None or ages.p95 is None or ages.longest is None:
        return "not known"
    return (
        f"median {span_words(ages.median)}, 95th percentile {span_words(ages.p95)}, "
        f"longest {span_words(ages.longest)}"
    )
