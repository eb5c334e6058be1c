"""Comparing two sides: the comparison, its no-drift levels, and what other tools would say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import MooringError
from mooring.profiling.comparing import compare
from mooring.profiling.counting.layouts import kind_of
from mooring.profiling.counting.making import profile
from mooring.profiling.describing import groups_of
from mooring.profiling.findings import DriftRules
from mooring.profiling.laws.nulls import no_drift
from mooring.profiling.order import urgency
from mooring.profiling.profiles import ColumnProfile, Layout, Profile
from mooring.profiling.reporting.sampled import (
    evidence_of,
    judged_together,
    sample_rows,
    told_apart,
)
from mooring.profiling.reporting.shares import bin_shares
from mooring.profiling.reporting.sides import check_columns

if TYPE_CHECKING:
    from mooring.profiling.compat.column import CompatColumn
    from mooring.profiling.findings import BinShift, ColumnDrift, Comparison, Status
    from mooring.profiling.multivariate.score import MultivariateScore
    from mooring.profiling.reporting.sides import Side

LEVELLED = ("jensenshannon", "hellinger", "chisquare", "tvd", "ks", "wasserstein")
_FINE = {"ks", "wasserstein"}


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column of a report.

    Parameters
    ----------
    drift : ColumnDrift
    levels : tuple of (name, value)
        For each score the value that no drift exceeds with probability ``alpha``; empty when they
        were not asked for.
    bins : tuple of BinShift
        The shares of all bins, joined to at most twelve.
    compat : CompatColumn, optional
        What another tool would say of it.
    classifier : MultivariateScore, optional
        Of an embedding: how well a model tells rows of the two sides apart.
    """

    drift: ColumnDrift
    levels: tuple[tuple[str, float], ...] = ()
    bins: tuple[BinShift, ...] = ()
    compat: CompatColumn | None = None
    classifier: MultivariateScore | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Two sides compared.

    Parameters
    ----------
    reference, current : str
        What the sides are called.
    rows : (reference, current)
    columns : tuple of ReportColumn
        Those that drifted first, the furthest first; then what is unknown; then the others.
    distance : float or None
        As of ``Comparison``.
    together : tuple of MultivariateScore
        Of all columns at once, if it was asked for.
    tool : str
        Which other tool was asked; empty when none was.
    comparison : Comparison
    """

    reference: str
    current: str
    rows: tuple[int, int]
    columns: tuple[ReportColumn, ...]
    distance: float | None
    together: tuple[MultivariateScore, ...]
    tool: str
    comparison: Comparison

    @property
    def drifted(self) -> tuple[ReportColumn, ...]:
        """The columns that drifted."""
        return tuple(column for column in self.columns if column.drift.status == "drift")

    @property
    def status(self) -> Status:
        """``drift`` when any column drifted, or all of them together; ``unknown`` before ``ok``."""
        found = {self.comparison.status, *(score.status for score in self.together)}
        return "drift" if "drift" in found else "unknown" if "unknown" in found else "ok"


def make_report(  # noqa: PLR0913 - two sides, and how to judge them
    reference: Side,
    current: Side,
    *,
    rules: DriftRules = DriftRules(),  # noqa: B008 - frozen
    compat: str = "",
    multivariate: bool = False,
    levels: bool = True,
    seed: int = 0,
) -> Report:
    """Compare two sides.

    Parameters
    ----------
    reference, current : Side
        Read once; once more for ``compat``, and for ``multivariate`` or a column of embeddings.
    rules : DriftRules
    compat : "evidently", "nannyml" or ""
        Another tool whose scores are shown beside ours; its verdict does not count. All rows are
        read into memory for it.
    multivariate : bool
        Whether to compare all columns at once too, on a sample; those that only move with time are
        left out of that (``multivariate.timely``).
    levels : bool
        Whether to find the level of each score; it takes about as long as the comparison.
    seed : int
        Of the samples.

    Raises
    ------
    UnreadableData
        A file is missing or damaged.
    UsageError
        A column that is named does not exist, or none is left; an unknown tool.

    Examples
    --------
    >>> from mooring.profiling.reporting.sides import Side
    >>> found = make_report(Side("A", {"x": range(1000)}), Side("B", {"x": range(500, 1000)}))
    >>> found.status, [column.drift.name for column in found.drifted]
    ('drift', ['x'])
    """
    check_columns((reference, current))
    base = profile(reference.parts())
    now = _with_strangers(profile(current.parts(), baseline=base), base, current)
    rows = sample_rows((reference, current), (base, now), seed, every=multivariate)
    apart = told_apart(rows, (base, now), rules, seed)
    found = compare(base, now, rules=rules, also=evidence_of(apart))
    said = _compat(compat, reference, current) if compat else {}
    before = {column.name: column for column in base.columns}
    after = {column.name: column for column in now.columns}
    columns = [
        ReportColumn(
            drift,
            _levels(drift, before.get(drift.name), now.rows, rules) if levels else (),
            bin_shares(before.get(drift.name), after.get(drift.name)),
            said.get(drift.name),
            apart.get(drift.name),
        )
        for drift in found.columns
    ]
    return Report(
        reference=reference.name,
        current=current.name,
        rows=(base.rows, now.rows),
        columns=tuple(sorted(columns, key=lambda column: urgency(column.drift))),
        distance=found.distance,
        together=judged_together(rows, reference.time, rules, seed) if multivariate else (),
        tool=compat,
        comparison=found,
    )


def _with_strangers(now: Profile, base: Profile, current: Side) -> Profile:
    """The window with the columns that only it has, so that each of them is listed."""
    known = {column.name for column in base.columns}
    strangers = tuple(
        ColumnProfile(name, Layout(kind_of(dtype)), now.rows)
        for name, dtype in current.columns().items()
        if name not in known
    )
    return replace(now, columns=(*now.columns, *strangers))


def _levels(
    drift: ColumnDrift, base: ColumnProfile | None, rows: int, rules: DriftRules
) -> tuple[tuple[str, float], ...]:
    if base is None or not drift.scores:
        return ()
    others = ((name, _level(name, base, rows, drift, rules)) for name in LEVELLED)
    return ("psi", drift.level), *others


def _level(
    name: str, base: ColumnProfile, rows: int, drift: ColumnDrift, rules: DriftRules
) -> float:
    """What no drift of this score stays under; NaN where that cannot be said."""
    value = drift.score(name)
    if value != value:  # noqa: PLR0124 only NaN is unlike itself
        return nan
    counts = base.counts
    if name not in _FINE:
        coarse = np.bincount(groups_of(base), weights=counts).tolist()
        counts = (*(int(rows) for rows in coarse), base.nulls)
    try:
        found = no_drift(
            name,
            value,
            counts,
            rows,
            alpha=rules.alpha,
            edges=base.bins.edges,
            scale=base.deviation,
            discrete=base.bins.discrete,
            inflation=rules.of(base.name).inflation,
            levels="closed",
        )
    except MooringError:
        return nan
    return found.level


def _compat(tool: str, reference: Side, current: Side) -> dict[str, CompatColumn]:
    from mooring.profiling.compat import compat_columns

    found = compat_columns(tool, reference.whole(), current.whole())
    return {column.name: column for column in found}
