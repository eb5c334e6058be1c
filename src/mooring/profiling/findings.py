"""The values a comparison is made of: rules in, findings out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Literal

from mooring.profiling.scores import canonical

if TYPE_CHECKING:
    from mooring.profiling.profiles import Kind

Status = Literal["ok", "drift", "unknown"]
Direction = Literal["", "up", "down"]
Why = Literal["shape", "missing", "unseen", "centre", "spread", "classifier", "flood"]


@dataclass(frozen=True, slots=True)
class DriftRules:
    """When a column counts as drifted.

    Parameters
    ----------
    alpha : float
        The false discovery rate over all evidence of one window.
    min_psi : float
        The effect floor: a smaller population stability index never alarms.
    min_rows : int
        With fewer rows on either side the status is ``unknown``.
    null_rate_floor, unseen_rate_floor : float
        The least rise of the share, in absolute terms, that alarms.
    inflation : float, 1 or more
        How many rows that follow one another say as much as one independent row: the tests are made
        as if there were so many times fewer. ``mooring calibrate`` measures it.
    floors : tuple of (column, float)
        Effect floors of single columns, instead of ``min_psi``.
    inflations : tuple of (column, float)
        Of single columns, instead of ``inflation``.
    """

    alpha: float = 0.01
    min_psi: float = 0.1
    min_rows: int = 30
    null_rate_floor: float = 0.01
    unseen_rate_floor: float = 0.01
    inflation: float = 1.0
    floors: tuple[tuple[str, float], ...] = ()
    inflations: tuple[tuple[str, float], ...] = ()

    def floor(self, column: str) -> float:
        """The least population stability index that alarms for a column."""
        return dict(self.floors).get(column, self.min_psi)

    def of(self, column: str) -> DriftRules:
        """The rules with the inflation of a column."""
        own = dict(self.inflations).get(column, self.inflation)
        return self if own == self.inflation else replace(self, inflation=own)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason a column may have drifted: how large, how likely by chance, and whether it holds.

    ``effect`` is the index (shape), the rise of the share (missing, unseen), deviations that a
    dimension's mean moved (centre), the change of the logarithm of its deviation (spread), or
    ``2 AUROC - 1`` (classifier). ``q_value`` is the
    tail probability after Benjamini-Hochberg over the window.
    """

    kind: Why
    effect: float
    floor: float
    p_value: float
    q_value: float = nan
    drift: bool = False


@dataclass(frozen=True, slots=True)
class BinShift:
    """How the share of one bin moved; ``label`` is in human words."""

    label: str
    baseline: float
    current: float


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What one column shows.

    Parameters
    ----------
    name, kind, status
    reason : str
        Why the status is what it is, for people.
    scores : tuple of (name, value)
        Every score that applies; ``ks_p`` and ``chisquare_p`` are probabilities, ``ks_error`` is
        how far below the exact statistic ``ks`` may be. NaN where a score cannot be computed.
    effect : float
        The population stability index that is tested: unseen categories, which have their own
        evidence, count as ``other``, and bins too sparse for these sizes may be joined.
    level : float
        The effect that no drift exceeds with probability ``alpha`` at these sizes.
    p_value, q_value : float
        Tail probability of the effect, and the smallest adjusted one of all evidence.
    null_rate : (baseline, current)
    unseen_rate : float
        Of the window.
    moved : tuple of BinShift
        The bins whose share moved most.
    direction : Direction
        Whether the mean of a column of numbers rose or fell.
    evidence : tuple of Evidence
    """

    name: str
    kind: Kind
    status: Status
    reason: str
    scores: tuple[tuple[str, float], ...] = ()
    effect: float = nan
    level: float = nan
    p_value: float = nan
    q_value: float = nan
    null_rate: tuple[float, float] = (nan, nan)
    unseen_rate: float = nan
    moved: tuple[BinShift, ...] = ()
    direction: Direction = ""
    evidence: tuple[Evidence, ...] = ()

    def score(self, name: str) -> float:
        """One score by any of its names; NaN when it does not apply to this column.

        Raises
        ------
        UsageError
            When no score has that name.
        """
        return dict(self.scores).get(canonical(name), nan)


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What a window shows against its baseline.

    Parameters
    ----------
    rows_baseline, rows_current : int
    columns : tuple of ColumnDrift
        In the baseline's order, then columns only the window has.
    drifted : bool
        Whether any column drifted.
    status : Status
        ``drift`` when any column drifted; else ``unknown`` when a column that the baseline can
        describe is unknown, or none was judged; else ``ok``.
    distance : float or None
        The weighted mean of the judged columns' Jensen-Shannon distances, in [0, 1]. Not corrected
        for the size of the window: compare windows of one length. None when none was judged.
    """

    rows_baseline: int
    rows_current: int
    columns: tuple[ColumnDrift, ...]
    drifted: bool
    status: Status
    distance: float | None

    def column(self, name: str) -> ColumnDrift | None:
        """The column of this name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def __repr__(self) -> str:
        from mooring.profiling.tables import comparison_table

        return comparison_table(self)

    def _repr_html_(self) -> str:
        from mooring.profiling.tables import comparison_html

        return comparison_html(self)
