"""The data gate: may anything be trained on these rows?

Every rule is asked and everything found is told, not only the first. The gate fails closed: with
too few rows it cannot tell (``not_enough_evidence``), and data it cannot look into is told of.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from mooring.errors import GateRefused, NotEnoughEvidence
from mooring.gates.contract import as_numbers
from mooring.gates.data import basics, leaks, target
from mooring.gates.data.against import against
from mooring.gates.data.case import Accepted, Case, describe_case
from mooring.gates.data.finding import Finding
from mooring.gates.data.past import Past, remember
from mooring.gates.sifting import Look, sift
from mooring.gates.terms.governing import governed, named, not_twice
from mooring.gates.terms.judging import Held, hold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import polars as pl

    from mooring.gates.contract import Contract
    from mooring.gates.terms.judging import InForce
    from mooring.profiling.profiles import Profile
    from mooring.settings.model import Data, DataGate

__all__ = ["DataJudgement", "Finding", "data_refusal", "judge_data"]

Outcome = Literal["pass", "fail", "not_enough_evidence"]
MOST_TOLD = 10
_FIRM = frozenset({basics.TOO_FEW, "declared", "time", "features", "target"})
"""Without these nothing can be trained at all: ``warn_only`` does not apply."""


@dataclass(frozen=True, slots=True)
class DataJudgement:
    """What the data gate says.

    Parameters
    ----------
    outcome : "pass", "fail" or "not_enough_evidence"
    findings : tuple of Finding
        Whatever the outcome: a pass may come with warnings.
    contract : Contract
        Of these rows; the next ones are held against it when these were accepted.
    profile : Profile
        Of the features and the target of these rows, in bins of their own.
    held : Held
        The rows to go on with, and those that a ``contract.toml`` had taken out.
    past : Past
        Their days, hours and slices, and how often they repeat.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    contract: Contract
    profile: Profile
    held: Held = field(compare=False, repr=False)
    past: Past = field(default_factory=Past, compare=False, repr=False)

    @property
    def stops(self) -> tuple[Finding, ...]:
        """The findings that stop a run."""
        return tuple(finding for finding in self.findings if finding.severity == "stop")


def judge_data(  # noqa: PLR0913 - what is judged, and by what, the last two by name
    frame: pl.DataFrame,
    accepted: Contract | None,
    baseline: Profile | None,
    rules: DataGate,
    data: Data,
    *,
    in_force: InForce | None = None,
    now: datetime | None = None,
    past: Past | None = None,
) -> DataJudgement:
    """Judge rows before anything is trained on them.

    Their order does not matter, unless a ``contract.toml`` says that it does. Rows that it takes
    out are not looked at any further.

    Parameters
    ----------
    frame : polars.DataFrame
        All rows that would be trained on, labels included.
    accepted, baseline : Contract and Profile, or None
        Of the rows that were accepted last (``DataJudgement.contract`` and ``.profile``); None for
        the very first.
    rules : DataGate
    data : Data
        What each column is for.
    in_force : InForce, optional
        The project's ``contract.toml``. Where it speaks of a column, what differs from the accepted
        rows is told and does not stop.
    now : datetime, optional
        For the freshness that a contract demands.
    past : Past, optional
        Of the rows that were accepted last (``DataJudgement.past``).

    Returns
    -------
    DataJudgement

    Examples
    --------
    >>> import polars as pl
    >>> from mooring.settings.model import Data, DataGate
    >>> rows = pl.DataFrame({"x": range(200), "y": [0, 1] * 100})
    >>> data = Data(source="rows.csv", target="y", task="binary")
    >>> first = judge_data(rows, None, None, DataGate(), data)
    >>> first.outcome
    'pass'
    >>> later = rows.with_columns(x=pl.col("x") * 1000)
    >>> judgement = judge_data(later, first.contract, first.profile, DataGate(), data)
    >>> judgement.outcome, judgement.stops[0].rule
    ('fail', 'scale')
    """
    before = None if accepted is None else Accepted(accepted, baseline, past)
    case = Case(frame, data, rules)
    seen = sift(case, lambda rows: _look(rows, before, in_force, now))
    rest = replace(case, frame=seen.held.kept)
    return DataJudgement(
        _outcome(seen.findings),
        seen.findings,
        seen.contract,
        seen.profile,
        seen.held,
        remember(rest, seen.contract),
    )


def _look(
    case: Case, accepted: Accepted | None, in_force: InForce | None, now: datetime | None
) -> Look:
    """What the contract and every rule find in some rows."""
    before, held = None if accepted is None else accepted.contract, Held((), case.frame)
    if in_force is not None:
        held = hold(case, in_force, now=now, newer=_newer(case, before))
        case = replace(case, frame=held.kept)
    contract, profile = describe_case(case)
    always = [*_always(case, contract, before)]
    learned: list[Finding] = []
    if accepted is not None and case.frame.height:
        learned = against(case, accepted, contract, profile)
    if in_force is not None:
        learned = [*governed(learned, held.findings, in_force.terms)]
        always = [named(finding, in_force.terms) for finding in always]
    found = [*always, *not_twice(held.findings, always), *learned]
    findings = tuple(_softened(finding, case.rules) for finding in found)
    return Look(findings, held, contract, profile)


def data_refusal(judgement: DataJudgement, kept_in: str = "") -> GateRefused:
    """The error that tells why the data gate stopped a run, and what to do about each reason.

    Parameters
    ----------
    judgement : DataJudgement
        One that is not a pass.
    kept_in : str
        Where the rows are that a contract had taken out.

    Returns
    -------
    GateRefused
        ``NotEnoughEvidence`` when the gate could not tell.
    """
    stops = judgement.stops
    lines = []
    for finding in stops[:MOST_TOLD]:
        lines.append(f"  - {finding}")
        if finding.cure:
            lines.append(f"    {finding.cure}")
    if len(stops) > MOST_TOLD:
        lines.append(f"  and {len(stops) - MOST_TOLD} more")
    reasons = "\n".join(lines)
    if judgement.outcome == "not_enough_evidence":
        return NotEnoughEvidence(
            f"the data gate cannot tell:\n{reasons}",
            where=kept_in,
            fix="run again when there are more rows",
        )
    return GateRefused(
        f"the data gate stopped this run, nothing was trained:\n{reasons}",
        where=kept_in,
        fix="mend the data and run again; if a column is right as it is now, put its name into "
        "[gates.data] warn_only, or say so in contract.toml",
    )


def _newer(case: Case, accepted: Contract | None) -> pl.Series | None:
    """Which rows are later than all that was accepted; None where that cannot be said."""
    before = accepted.column(case.time) if accepted is not None and case.time else None
    if case.time is None or before is None or before.maximum is None:
        return None
    return (as_numbers(case.frame.get_column(case.time)) > before.maximum).fill_null(value=False)


def _always(case: Case, now: Contract, accepted: Contract | None) -> Iterator[Finding]:
    """What holds for any data."""
    yield from basics.enough_rows(case)
    if not case.frame.height:  # an empty file says nothing about columns and types
        return
    yield from target.target_column(case)
    yield from basics.time_column(case)
    yield from basics.declared_columns(case)
    yield from basics.warn_only_columns(case, accepted)
    yield from basics.feature_columns(case)
    yield from basics.infinities(case)
    yield from leaks.leaks(case)
    yield from basics.idle_columns(case, now)


def _softened(finding: Finding, rules: DataGate) -> Finding:
    """A stop in a ``warn_only`` column is a warning, unless nothing could be trained at all.

    So are rows to be taken out for it, apart from those that a contract took out already.
    """
    done = finding.severity == "quarantine" and finding.which is None
    if finding.column in rules.warn_only and finding.rule not in _FIRM and not done:
        return replace(finding, severity="warn")
    return finding


def _outcome(findings: Sequence[Finding]) -> Outcome:
    rules = {finding.rule for finding in findings if finding.severity == "stop"}
    if rules - {basics.TOO_FEW}:
        return "fail"
    return "not_enough_evidence" if rules else "pass"
