"""Rows held against what was accepted: schema, columns, the columns together, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mooring.gates.data import mix, schema, shape, units, values
from mooring.gates.data.case import pairs, parts
from mooring.gates.data.faults import over_time
from mooring.gates.data.finding import Finding
from mooring.gates.data.periods import has_days

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mooring.gates.contract import Contract
    from mooring.gates.data.case import Accepted, Case, Pair, Part
    from mooring.profiling.comparing import ColumnDrift
    from mooring.profiling.profiles import Profile
    from mooring.settings.model import DataGate

_EXPLAIN = frozenset({"sampling", "scale"})
"""Rules that say why a distribution moved, even where they only warn."""


def against(case: Case, accepted: Accepted, now: Contract, own: Profile) -> list[Finding]:
    """What is found in rows, held against those that were accepted.

    Parameters
    ----------
    case : Case
    accepted : Accepted
    now, own : Contract and Profile
        Of the rows of the case.
    """
    before = accepted.contract
    found = [
        *schema.missing_columns(case, before, now),
        *schema.changed_types(case, before, now),
        *schema.extra_columns(case, before, now),
    ]
    if case.frame.height < case.rules.min_rows:
        return found
    rows = values.volume(before, now, case.rules)
    found += [] if rows is None else [rows]
    both = tuple(pairs(case, before, now))
    every = parts(case, accepted, own)
    found += _densest(every, both, accepted, case.rules)
    if accepted.past is not None:
        found += over_time(every, before, accepted.past)
    return found + _moved(every[0], both, accepted.profile, found, case.rules)


def _densest(
    every: Sequence[Part], both: Sequence[Pair], accepted: Accepted, rules: DataGate
) -> list[Finding]:
    """What is wrong with each column, told of the rows that have most of it: all, or the new."""
    told: dict[tuple[str, str], tuple[float, Finding]] = {}
    for part in every:
        for finding in _of_part(part, both, accepted, rules):
            key, rate = (finding.column, finding.rule), finding.rows / part.frame.height
            if key not in told or rate > told[key][0]:
                told[key] = (rate, finding)
    return [finding for _, finding in told.values()]


def _of_part(
    part: Part, both: Sequence[Pair], accepted: Accepted, rules: DataGate
) -> Iterator[Finding]:
    """What each column's values, and the columns together, say about these rows."""
    profile, daily = accepted.profile, has_days(accepted.past)
    moved = {} if profile is None else shape.compared(part, both, profile)
    for pair in both:
        scaled = _rescaled(part, pair, accepted, moved)
        asked = (
            values.missing(part, pair, rules),
            scaled or values.ranges(part, pair, rules),
            None if profile is None else values.flood(part, pair, profile),
            values.categories(part, pair, rules, profile),
            None if daily or profile is None else mix.narrowed(part, pair, profile),
        )
        yield from (finding for finding in asked if finding is not None)
    if profile is not None:
        yield from shape.swapped(part, moved, profile)


def _rescaled(
    part: Part, pair: Pair, accepted: Accepted, moved: Mapping[str, ColumnDrift]
) -> Finding | None:
    profile, past = accepted.profile, accepted.past
    if profile is None:
        return None
    known = shape.scale(part, pair, profile) or units.converted(part, pair, profile, past)
    return known or (None if has_days(past) else units.stretched(part, pair, profile, moved))


def _moved(
    part: Part,
    both: Sequence[Pair],
    profile: Profile | None,
    found: Sequence[Finding],
    rules: DataGate,
) -> list[Finding]:
    """Columns whose distribution moved, where no other finding says why already."""
    if profile is None:
        return [_unknown_profile(part)]
    told = {f.column for f in found if f.severity == "stop" or f.rule in _EXPLAIN}
    drifts = shape.compared(part, both, profile).values()
    asked = [shape.shifted(part, drift, rules) for drift in drifts if drift.name not in told]
    return [finding for finding in asked if finding is not None]


def _unknown_profile(part: Part) -> Finding:
    return Finding(
        column="",
        rule="distribution",
        severity="warn",
        expected="the profile of the rows that were accepted last",
        found="none, so distributions were not compared",
        rows=part.own.rows,
        cure="nothing, once these rows are accepted",
    )
