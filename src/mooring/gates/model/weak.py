"""What slices say to a verdict: none may surely have lost more than is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mooring.errors import SettingsError
from mooring.gates.cases import Case, FloatArray
from mooring.gates.metrics import Sums
from mooring.gates.model.match import Finding, Match, places
from mooring.gates.model.slices import DECLARED, Mask, Slice, slices_of, worst
from mooring.gates.paired import PairedDifference, compare_cases, gains_by_row
from mooring.profiling.words import listed
from mooring.settings.model import ModelGate

_SHOWN = 3


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
    """The slices that were declared, then those that were found; against a champion only.

    Better than the best constant in every corner is more than a first model can be asked.

    Raises
    ------
    SettingsError
        When a declared column is not there.
    """
    rows = match.rows
    if rows is None or match.trivial is None:
        return []
    sides = _Sides(rows, candidate, opponent)
    found = []
    check_slices(match.rules, rows.columns)
    if match.rules.slices:
        declared = [one for name in match.rules.slices for one in slices_of(rows, name, DECLARED)]
        found.append(_tested("declared slices", match, sides, declared, len(declared)))
    if match.rules.find_slices and match.searched:
        found.append(_search(match, sides))
    return found


def _search(match: Match, sides: _Sides) -> Finding:
    """Looks in one half of the rows and tests on the other."""
    count = sides.rows.height
    place = np.arange(count)
    first = place < count // 2 if match.plan.time_ordered else place % 2 == 0
    look, test = sides.only(first), sides.only(~first)
    gains = gains_by_row(match.metric, look.opponent, look.candidate)
    slices, examined = worst(look.rows, match.searched, gains, match.rules.min_rows)
    if not examined:
        return Finding("found slices", "pass", f"{count:,} rows are too few to look for slices")
    finding = _tested("found slices", match, test, slices, examined)
    weakest = _by_error(match, look, test)
    return replace(finding, evidence={**finding.evidence, "largest_error": weakest})


def _by_error(match: Match, look: _Sides, test: _Sides) -> list[dict[str, object]]:
    """Where the candidate itself is most wrong: found in one half, measured on the other."""
    how = match.metric.how
    if not isinstance(how, Sums) or len(columns := list(how.columns(look.candidate))) != 2:  # noqa: PLR2004
        return []  # only a mean has an error by row
    loss: FloatArray = columns[1] if match.metric.greater_is_better else -columns[1]
    slices, _ = worst(look.rows, match.searched, loss - loss.mean(), match.rules.min_rows)
    told: list[dict[str, object]] = []
    for one in slices[:_SHOWN]:
        mask = one.mask(test.rows)
        value = match.metric.value(test.candidate.only(mask))
        told.append({"slice": one.name, "rows": int(mask.sum()), "candidate": value})
    return told


def _tested(
    part: str, match: Match, sides: _Sides, slices: Sequence[Slice], examined: int
) -> Finding:
    """Each slice at a confidence that is corrected for how many are tested."""
    alpha = (1.0 - match.plan.confidence) / max(1, len(slices))
    corrected = replace(match, plan=replace(match.plan, confidence=1.0 - alpha))
    told = [_one(corrected, sides, one) for one in slices]
    bad = [line for line in told if line["outcome"] == "fail"]
    evidence = {"examined": examined, "tested": told}
    if bad:
        return Finding(part, "fail", "; ".join(str(line["said"]) for line in bad), None, evidence)
    unclear = sum(line["outcome"] == "not_enough_evidence" for line in told)
    reason = f"{part}: none of {examined:,} surely lost more than is allowed"
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
