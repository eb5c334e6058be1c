"""What slices say to a verdict: none may surely have lost more than is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mooring.errors import SettingsError
from mooring.gates.cases import Case, FloatArray
from mooring.gates.model.largest import largest_errors
from mooring.gates.model.match import Finding, Match, places
from mooring.gates.model.search import halves_of, lattice, sample_of, worst, worst_single
from mooring.gates.model.slices import DECLARED, Mask, Slice, slices_of
from mooring.gates.paired import PairedDifference, compare_cases, gains_by_row
from mooring.profiling.words import listed
from mooring.settings.model import ModelGate

_WARNED = "a warning, for the constant may happen to be right there: "


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both sides on some rows."""

    rows: pl.DataFrame
    candidate: Case
    opponent: Case

    def only(self, mask: Mask) -> _Sides:
        rows = self.rows.filter(pl.Series(mask))
        return _Sides(rows, self.candidate.only(mask), self.opponent.only(mask))


def check_slices(rules: ModelGate, columns: Sequence[str]) -> None:
    """Refuses a declared slice that is no column.

    Raises
    ------
    SettingsError
    """
    for name in rules.slices:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            raise SettingsError(
                f"gates.model.slices: there is no column {name!r}",
                where=f"the rows have {listed(columns, 10)}",
                fix=f"did you mean {near[0]!r}?" if near else "name columns of the data",
            )


def slice_findings(match: Match, candidate: Case, opponent: Case) -> list[Finding]:
    """The slices that were declared, then those that were found.

    For a first model they warn and do not stop: the constant is the best answer there is for a
    slice whose labels happen to lie around it, and no model has to be better than that.

    Raises
    ------
    SettingsError
        When a declared column is not there.
    """
    rows = match.rows
    if rows is None:
        return []
    sides = _Sides(rows, candidate, opponent)
    found = []
    check_slices(match.rules, rows.columns)
    if match.rules.slices:
        declared = [one for name in match.rules.slices for one in slices_of(rows, name, DECLARED)]
        told = _each(match, sides, declared, len(declared))
        found.append(_told("declared slices", match, told, len(declared)))
    if match.rules.find_slices and match.searched:
        found.append(_search(match, sides))
    return found


def _search(match: Match, sides: _Sides) -> Finding:
    """Slices of one column on all rows, and of one or two on the half that did not choose them."""
    count = sides.rows.height
    sample = sample_of(count, match.plan.seed)
    rows = sides.rows[sample] if len(sample) < count else sides.rows
    least = max(2, match.rules.min_rows * len(sample) // count)
    searched = lattice(rows, match.searched, least)
    halves = halves_of(sample, searched, count, match.plan)
    gains = _beyond_margin(match, sides)
    singles, of_one = worst_single(searched, gains[sample])
    slices, examined = worst(halves.searched, gains[halves.look])
    if not of_one + examined:
        return Finding("found slices", "pass", f"{count:,} rows are too few to look for slices")
    told = [
        *_each(match, sides, singles, 2 * of_one),
        *_each(match, sides.only(halves.test), slices, 2 * len(slices)),
    ]
    finding = _told("found slices", match, told, max(of_one, examined))
    weakest = largest_errors(match, sides.candidate, sides.opponent, halves)
    return replace(finding, evidence={**finding.evidence, "largest_error": weakest})


def _beyond_margin(match: Match, sides: _Sides) -> FloatArray:
    """By row: what the candidate gained, and what it may lose; only to rank slices by."""
    metric, opponent = match.metric, sides.opponent
    gains = gains_by_row(metric, opponent, sides.candidate)
    value, losses = metric.value(opponent), metric.losses(opponent)
    allowed = match.rules.slice_margin * abs(metric.perfect - (value or 0.0))
    if losses is None or not losses.mean() > 0:
        return gains + allowed
    return np.asarray(gains + allowed * losses / losses.mean())


def _each(
    match: Match, sides: _Sides, slices: Sequence[Slice], family: int
) -> list[dict[str, object]]:
    """Each slice at a confidence that is corrected for how many it was chosen from."""
    alpha = (1.0 - match.plan.confidence) / max(1, family)
    corrected = replace(match, plan=replace(match.plan, confidence=1.0 - alpha))
    return [_one(corrected, sides, one) for one in slices]


def _told(part: str, match: Match, told: Sequence[Mapping[str, object]], examined: int) -> Finding:
    bad = {line["slice"]: line["said"] for line in reversed(told) if line["outcome"] == "fail"}
    evidence = {"examined": examined, "tested": list(told)}
    if bad:
        reason = "; ".join(str(said) for said in reversed(bad.values()))
        if match.first:
            return Finding(part, "pass", f"{_WARNED}{reason}", None, evidence, warned=True)
        return Finding(part, "fail", reason, None, evidence)
    unclear = sum(line["outcome"] == "not_enough_evidence" for line in told)
    lost = "is surely worse" if match.first else "surely lost more than is allowed"
    reason = f"{part}: none of {examined:,} {lost}"
    if unclear:
        reason += f" ({unclear} of those tested with too few rows to tell)"
    return Finding(part, "pass", reason, None, evidence)


def _one(match: Match, sides: _Sides, one: Slice) -> dict[str, object]:
    mask, metric = one.mask(sides.rows), match.metric
    rows = int(mask.sum())
    candidate, opponent = sides.candidate.only(mask), sides.opponent.only(mask)
    values = metric.value(candidate), metric.value(opponent)
    enough = rows >= match.rules.min_rows and values[1] is not None
    found = compare_cases(metric, opponent, candidate, match.plan) if enough else None
    if found is None or values[1] is None:
        return {"slice": one.name, "rows": rows, "outcome": "not_enough_evidence"}
    margin = match.rules.slice_margin * abs(metric.perfect - values[1])
    outcome = "fail" if found.high < -margin else "pass"
    return {
        "slice": one.name,
        "rows": rows,
        "outcome": outcome,
        "candidate": values[0],
        "opponent": values[1],
        "low": found.low,
        "high": found.high,
        "said": _sentence(match, one, values, found, margin),
    }


def _sentence(
    match: Match,
    one: Slice,
    values: tuple[float | None, float | None],
    found: PairedDifference,
    margin: float,
) -> str:
    say = places(found)
    return (
        f"where {one.name} ({found.rows:,} rows) {match.metric.label} is {say(values[0])} against "
        f"{say(values[1])} for {match.name}, worse by at least {say(-found.high)}; a slice may "
        f"lose {say(margin)} (gates.model.slice_margin)"
    )
