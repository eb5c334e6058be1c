"""Rows that detectors name are taken out, and what is left is looked at again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mooring.gates.terms.judging import Held
from mooring.gates.terms.taking import left_by, merged, rows_labelled, too_many

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    import polars as pl

    from mooring.gates.contract import Contract
    from mooring.gates.data.case import Case
    from mooring.gates.data.finding import Finding
    from mooring.profiling.profiles import Profile

TURNS = 5
"""A detector names the worst of a column each time, so that a column with three error codes takes
three turns, and one more to judge what is left. What is still found in the last turn stops."""

COUNTING = frozenset({"sampling", "feed"})
"""Rules about which rows there are. A day or a shop that was taken out is not sent too seldom: what
these find counts only when they found it in the rows as they were delivered, too."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in some rows.

    Parameters
    ----------
    findings : tuple of Finding
        Those of severity ``quarantine`` that name rows do so among ``held.kept``.
    held : Held
        The rows after the contract, and those it took out.
    contract, profile : Contract and Profile
        Of the rows that it left.
    """

    findings: tuple[Finding, ...]
    held: Held
    contract: Contract
    profile: Profile


def sift(case: Case, look: Callable[[Case], Look]) -> Look:
    """Look at rows until no detector names any that are to be taken out.

    Every turn takes a row out or is the last, and more than ``max_quarantined`` of them ends it.

    Parameters
    ----------
    case : Case
    look : callable
        From rows to what is seen in them.

    Returns
    -------
    Look
        At the rows that are left, with what was said of those that are not; its ``held.taken`` has
        all rows taken out, by the contract or by a detector, with their places in the table.
    """
    frame, allowed = case.frame, case.rules.max_quarantined
    taken: pl.DataFrame | None = None
    told: list[Finding] = []
    seen = look(case)
    counted = {(f.rule, f.column) for f in seen.findings if f.rule in COUNTING}
    for turns_left in reversed(range(TURNS)):
        if seen.held.taken is not None:
            taken = merged(frame, taken, seen.held.taken)
        out = _surest(seen.findings)
        if not out or not turns_left:
            break
        taken = merged(frame, taken, rows_labelled(seen.held.kept, _marks(out)))
        done = [f for f in seen.findings if f.severity == "quarantine" and f.which is None]
        told += [*done, *map(_as_taken, out)]
        rest = tuple(f for f in seen.findings if f not in (*done, *out))
        seen = replace(seen, findings=rest)
        if too_many(taken.height, frame.height, allowed) is not None:
            break
        seen = _but_for_holes(look(replace(case, frame=left_by(frame, taken))), counted)
    return _whole(seen, frame, taken, told, allowed)


def _whole(
    seen: Look, frame: pl.DataFrame, taken: pl.DataFrame | None, told: list[Finding], allowed: float
) -> Look:
    """The last look, with all that was taken out in any turn."""
    if taken is None:
        return seen
    last = [_stopping(f) for f in seen.findings if f.rule != "quarantine"]
    beyond = too_many(taken.height, frame.height, allowed)
    findings = (*told, *([] if beyond is None else [beyond]), *last)
    return replace(
        seen, findings=findings, held=Held(seen.held.findings, left_by(frame, taken), taken)
    )


def _but_for_holes(seen: Look, counted: Collection[tuple[str, str]]) -> Look:
    """Without what is found only because rows were taken out."""
    return replace(
        seen,
        findings=tuple(
            f for f in seen.findings if f.rule not in COUNTING or (f.rule, f.column) in counted
        ),
    )


def _surest(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What to take out now: rows that are wrong by themselves; else the smallest bad part.

    A broken day moves the mean of the shop that sells most on it: once the day is out, the shop is
    as it was.
    """
    named = [f for f in findings if f.severity == "quarantine" and f.which is not None]
    exact = tuple(f for f in named if f.rule != "partition")
    return exact or tuple(sorted(named, key=_size)[:1])


def _size(finding: Finding) -> int:
    return 0 if finding.which is None else int(finding.which.sum())


def _marks(findings: Iterable[Finding]) -> Iterator[tuple[str, pl.Series]]:
    for finding in findings:
        if finding.which is not None:
            of = f" of {finding.column}" if finding.column else ""
            yield finding.rule + of, finding.which


def _as_taken(finding: Finding) -> Finding:
    found = f"{finding.found}: taken out"
    return replace(finding, found=found, rows=_size(finding), which=None)


def _stopping(finding: Finding) -> Finding:
    """What names rows and was not taken out stops, as without a quarantine."""
    named = finding.severity == "quarantine" and finding.which is not None
    return replace(finding, severity="stop") if named else finding
