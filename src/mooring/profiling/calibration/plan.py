"""What a calibration is asked for, and what it finds: values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import isfinite, nan
from typing import TYPE_CHECKING, Literal, NamedTuple

from mooring.profiling.findings import DriftRules

if TYPE_CHECKING:
    from mooring.clock import Window
    from mooring.profiling.findings import Comparison
    from mooring.profiling.profiles import Profile

Severity = Literal["record", "notify", "page"]
Against = Literal["before", "previous", "year", "weekday"]
SEVERITIES: tuple[Severity, ...] = ("record", "notify", "page")
WANTED: Mapping[Severity, float] = {"record": 1.0, "notify": 1 / 3, "page": 1 / 12}
"""False alarms a month that a severity may raise, all columns together."""
MONTH = timedelta(days=365.25 / 12)
LEAST_WINDOWS = 12
"""Windows that do not overlap from which a threshold is proposed: the deviation of fewer is not
known to a fifth."""
SEASONS: tuple[Against, ...] = ("year", "weekday")
SCORES = ("psi", "jensenshannon", "ks")


@dataclass(frozen=True, slots=True)
class Training:
    """Which rows a model trained just before a window would have seen.

    Parameters
    ----------
    span : timedelta, optional
        The most recent span, as ``data.window`` says; everything before when absent.
    held_share : float, in [0, 1)
        The newest share of those rows, which is kept to judge on.
    held_span : timedelta
        The same as a span.
    """

    span: timedelta | None = None
    held_share: float = 0.0
    held_span: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Plan:
    """How windows are cut, what they are held against, and what counts as an alarm.

    Parameters
    ----------
    length, every : timedelta
        As ``monitoring.window`` and ``monitoring.every``.
    rules : DriftRules
        Those in force.
    alarm : (n, m)
        The rule in force: N of the last M windows.
    proposed : (n, m)
        The rule to propose.
    training : Training
    """

    length: timedelta
    every: timedelta
    rules: DriftRules = DriftRules()  # noqa: RUF009 - frozen, so it can be shared
    alarm: tuple[int, int] = (1, 1)
    proposed: tuple[int, int] = (2, 3)
    training: Training = Training()


class Pair(NamedTuple):
    """A window, and the rows it is held against."""

    window: Window
    base: Profile
    now: Profile


@dataclass(frozen=True, slots=True)
class Compared:
    """One window against one baseline; ``strange`` columns have no value in common with it."""

    window: Window
    comparison: Comparison
    strange: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spread:
    """How a score is distributed over windows."""

    windows: int
    median: float
    high: float
    """Exceeded by one window in ten."""
    largest: float


@dataclass(frozen=True, slots=True)
class ColumnNormal:
    """What is normal for one column, and what is proposed for it.

    Parameters
    ----------
    name : str
    spreads : mapping of (against, score) to Spread
    level : float
        The population stability index that no drift stays under, were the rows independent.
    inflation : float
        Rows that say as much as one independent row; NaN where it cannot be told.
    thresholds : mapping of severity to float
        Effect floors; empty when there is not enough evidence.
    seasonal : mapping of severity to float
        What they would be, were each window held against its own season; empty when the history
        does not know a season twice in windows enough.
    """

    name: str
    spreads: Mapping[tuple[Against, str], Spread]
    level: float = nan
    inflation: float = nan
    thresholds: Mapping[Severity, float] = field(default_factory=dict)
    seasonal: Mapping[Severity, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What rules would have done on the history, none of which is drift by assumption.

    Parameters
    ----------
    drifted : int
        Windows beyond the rules.
    alarming : int
        Windows in alarm: N of the last M are beyond.
    begun : float
        Alarms begun a month.
    """

    drifted: int
    alarming: int
    begun: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything a calibration found.

    Parameters
    ----------
    plan : Plan
    first, last : Window
    windows : int
        Windows held against the rows before them.
    disjoint : int
        How many of those do not overlap: what the thresholds rest on.
    months : float
        The time that these windows cover.
    skipped : int
        Windows with too few rows.
    columns : tuple of ColumnNormal
    distance : ColumnNormal
        The overall distance, in the ``jensenshannon`` score.
    rises : mapping of severity to (missing, unseen)
        Floors for the rise of the share of missing and of unseen values, in any column.
    inflation : float
        For columns that were not calibrated: the least of those that were, so that no test is made
        blinder than its rows warrant.
    never_again : tuple of str
        Columns left out because no window holds values of another: keys, clocks.
    today : Hindsight
        The rules in force.
    hindsight : mapping of severity to Hindsight
        The proposals on the windows they come from; empty when there is not enough evidence.
    held_back : mapping of severity to Hindsight
        What to expect of them: each fifth of the history judged by proposals that come from the
        other four. Empty when those would be too few windows.
    """

    plan: Plan
    first: Window
    last: Window
    windows: int
    disjoint: int
    months: float
    skipped: int
    columns: tuple[ColumnNormal, ...]
    distance: ColumnNormal
    inflation: float
    never_again: tuple[str, ...] = ()
    today: Hindsight = Hindsight(0, 0, 0.0)
    rises: Mapping[Severity, tuple[float, float]] = field(default_factory=dict)
    hindsight: Mapping[Severity, Hindsight] = field(default_factory=dict)
    held_back: Mapping[Severity, Hindsight] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether there is enough evidence to propose anything."""
        return self.disjoint >= LEAST_WINDOWS

    def rules(self, severity: Severity) -> DriftRules:
        """The drift rules with the proposals of a severity."""
        floors = tuple((column.name, column.thresholds[severity]) for column in self.columns)
        missing, unseen = self.rises[severity]
        return replace(
            self.plan.rules,
            floors=floors,
            inflation=self.inflation,
            inflations=inflations_of(self.columns),
            null_rate_floor=missing,
            unseen_rate_floor=unseen,
        )


def inflations_of(columns: Iterable[ColumnNormal]) -> tuple[tuple[str, float], ...]:
    """The inflation of each column in which rows were found to be alike or not."""
    return tuple((c.name, c.inflation) for c in columns if isfinite(c.inflation))
