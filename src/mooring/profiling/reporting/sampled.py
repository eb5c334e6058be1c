"""What only raw rows can say: embeddings told apart by a classifier, and all columns together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from mooring.profiling.evidence import Found
from mooring.profiling.multivariate.score import LEAST_ROWS, MultivariateScore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mooring.profiling.findings import DriftRules
    from mooring.profiling.profiles import Profile
    from mooring.profiling.reporting.sides import Side

    Frames = tuple[pl.DataFrame, pl.DataFrame]
    Profiles = tuple[Profile, Profile]

SAMPLED = 20_000
"""Rows a side that are drawn at most."""
CLASSIFIED = 5_000
"""Rows a side that a classifier of one column sees at most."""
APART = 0.1
"""The least ``2 AUROC - 1`` that alarms: an AUROC of 0.55."""


def sample_rows(sides: tuple[Side, Side], profiles: Profiles, seed: int, *, every: bool) -> Frames:
    """A sample of either side: all columns, or embeddings only (nothing without any).

    Parameters
    ----------
    sides : (reference, current)
    profiles : (reference, current)
        Of the same rows.
    seed : int
    every : bool
        Whether all columns are wanted.
    """
    names = _embeddings(profiles)
    if not (every or names):
        return pl.DataFrame(), pl.DataFrame()
    chosen = sides if every else [replace(side, only=names) for side in sides]
    before, now = (side.sample(SAMPLED, seed + place) for place, side in enumerate(chosen))
    return before, now


def told_apart(
    rows: Frames, profiles: Profiles, rules: DriftRules, seed: int
) -> dict[str, MultivariateScore]:
    """How well a classifier tells the sides apart by each column of embeddings alone."""
    from mooring.profiling.multivariate.domain_classifier import domain_classifier

    fewest = min(frame.height for frame in rows)
    found = {}
    for name in _embeddings(profiles):
        # Rows that are alike say as much as fewer independent ones; drawn so far apart, they are.
        most = max(min(CLASSIFIED, int(fewest / rules.of(name).inflation)), LEAST_ROWS)
        before, now = (frame.select(name) for frame in rows)
        found[name] = domain_classifier(
            before, now, seed=seed, max_rows=most, alpha=rules.alpha, min_effect=APART
        )
    return found


def evidence_of(scores: Mapping[str, MultivariateScore]) -> dict[str, Found]:
    """The classifiers' evidence; one that could not be trained has none."""
    return {
        name: Found("classifier", score.effect, APART, score.p_value)
        for name, score in scores.items()
        if score.status != "unknown"
    }


def judged_together(
    rows: Frames, time: str, rules: DriftRules, seed: int
) -> tuple[MultivariateScore, ...]:
    """All columns at once, but those that only move with time."""
    from mooring.profiling.multivariate.domain_classifier import domain_classifier
    from mooring.profiling.multivariate.reconstruction import reconstruction_error
    from mooring.profiling.multivariate.timely import only_time

    left_out = only_time(*rows, time)
    before, now = (frame.drop(left_out, strict=False) for frame in rows)
    return tuple(
        replace(method(before, now, seed=seed, alpha=rules.alpha), left_out=(*left_out.items(),))
        for method in (domain_classifier, reconstruction_error)
    )


def _embeddings(profiles: Sequence[Profile]) -> tuple[str, ...]:
    """The columns that are comparable embeddings on both sides."""
    base, now = (
        {
            column.name: len(column.dimensions)
            for column in one.columns
            if column.kind == "embedding"
        }
        for one in profiles
    )
    return tuple(name for name, width in base.items() if width and now.get(name) == width)
