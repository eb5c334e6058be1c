"""Profiles in, findings out: what alarms, what is only reported, and the one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mooring.monitoring.detail import Column, Drift, Share, number
from mooring.profiling.comparing import compare
from mooring.profiling.findings import ColumnDrift, DriftRules
from mooring.profiling.profiles import ColumnProfile, Profile
from mooring.profiling.reporting.shares import bin_shares


@dataclass(frozen=True, slots=True)
class DriftFound:
    """What the inputs and the predictions of a window show.

    Parameters
    ----------
    status : Drift
        Of the watched features together.
    distance : float or None
        The mean Jensen-Shannon distance of the watched features.
    watched, others, predictions : tuple of Column
        Only ``watched`` alarms.
    """

    status: Drift
    distance: float | None
    watched: tuple[Column, ...]
    others: tuple[Column, ...]
    predictions: tuple[Column, ...]


def watched_features(
    importance: Sequence[tuple[str, float]], features: Sequence[str], top_k: int
) -> tuple[str, ...]:
    """The ``top_k`` features by permutation importance; the ones never measured come last.

    Examples
    --------
    >>> watched_features([("hr", -0.1), ("temp", 2.0)], ["hr", "temp", "wind"], 2)
    ('temp', 'hr')
    """
    ranked = sorted(importance, key=lambda item: -item[1])
    names = [name for name, _ in ranked if name in features]
    names += [name for name in features if name not in names]
    return tuple(names[:top_k])


def judge_drift(  # noqa: PLR0913 - two pairs of profiles, and how to judge them
    base: Profile,
    current: Profile,
    base_predictions: Profile,
    predictions: Profile,
    *,
    importance: Sequence[tuple[str, float]],
    top_k: int,
    rules: DriftRules,
) -> DriftFound:
    """Compare a window with its baseline.

    The watched features are one family of tests, so that many idle columns cannot hide one that
    matters, nor raise an alarm; the other columns and the predictions are judged apart.
    """
    names = watched_features(importance, [column.name for column in base.columns], top_k)
    known = dict(importance)
    # Importance decides what is watched. Weighing by it as well would let one strong feature that
    # stands still hide the rest: bikes' hour outweighs a temperature that left its range.
    watched = compare(_only(base, names), _only(current, names), rules=rules)
    rest = [column.name for column in base.columns if column.name not in names]
    others = compare(_only(base, rest), _only(current, rest), rules=rules)
    said = compare(base_predictions, predictions, rules=rules)
    return DriftFound(
        status=watched.status,
        distance=number(watched.distance),
        watched=_columns(watched.columns, base, current, known),
        others=tuple(_column(found, known.get(found.name)) for found in others.columns),
        predictions=_columns(said.columns, base_predictions, predictions, {}),
    )


def _only(whole: Profile, names: Sequence[str]) -> Profile:
    by_name = {column.name: column for column in whole.columns}
    return replace(whole, columns=tuple(by_name[name] for name in names if name in by_name))


def _columns(
    found: Sequence[ColumnDrift], base: Profile, current: Profile, importance: Mapping[str, float]
) -> tuple[Column, ...]:
    return tuple(
        _column(
            one, importance.get(one.name), _bins(base.column(one.name), current.column(one.name))
        )
        for one in found
    )


def _column(found: ColumnDrift, importance: float | None, bins: tuple[Share, ...] = ()) -> Column:
    before, now = found.null_rate
    return Column(
        name=found.name,
        status=found.status,
        reason=found.reason,
        importance=number(importance),
        psi=number(found.score("psi")),
        ks=number(found.score("ks")),
        jensenshannon=number(found.score("jensenshannon")),
        wasserstein=number(found.score("wasserstein")),
        level=number(found.level),
        p_value=number(found.p_value),
        null_rate=(number(before), number(now)),
        unseen_rate=number(found.unseen_rate),
        moved=tuple(_share(one.label, one.baseline, one.current) for one in found.moved),
        bins=bins,
    )


def _bins(base: ColumnProfile | None, current: ColumnProfile | None) -> tuple[Share, ...]:
    return tuple(_share(one.label, one.baseline, one.current) for one in bin_shares(base, current))


def _share(label: str, before: float, now: float) -> Share:
    return Share(label, number(before) or 0.0, number(now) or 0.0)
