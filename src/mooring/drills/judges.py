"""Who must find a fault: the data gate, or the comparison of served rows with offline ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mooring.drills.served import MAX_SKEW, joined
from mooring.gates.data.finding import Finding
from mooring.gates.data_gate import DataJudgement, judge_data
from mooring.monitoring.skew.columns import ColumnSkew, cause_words, compare_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mooring.drills.delivery import Delivery
    from mooring.gates.terms.judging import InForce
    from mooring.settings.model import DataGate


@dataclass(frozen=True, slots=True)
class Clean:
    """What the gate says of the delivery as it is."""

    accepted: DataJudgement
    judged: DataJudgement


@dataclass(frozen=True, slots=True)
class Ground:
    """A delivery without a fault, and how it is judged.

    Parameters
    ----------
    rows : Delivery
    rules : DataGate
    clean : Clean
    in_force : InForce or None
        The project's ``contract.toml``.
    """

    rows: Delivery
    rules: DataGate
    clean: Clean
    in_force: InForce | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """Who is asked about a broken delivery.

    Parameters
    ----------
    name : str
        Such as ``data gate``.
    findings : callable
        From the ground and a broken delivery to what is found in the latter and not in the former.
    rejects : callable
        Whether a finding would be wrong of rows that have no fault.
    """

    name: str
    findings: Callable[[Ground, Delivery], list[Finding]]
    rejects: Callable[[Finding], bool]


def judge_clean(rows: Delivery, rules: DataGate, in_force: InForce | None = None) -> Clean:
    """Ask the gate about the accepted rows, then about all of the delivery, unbroken."""
    accepted = judge_data(rows.accepted, None, None, rules, rows.data, in_force=in_force)
    return Clean(accepted, _ask_gate(rows, accepted, rules, in_force))


def _gate_findings(ground: Ground, broken: Delivery) -> list[Finding]:
    accepted, rules, in_force = ground.clean.accepted, ground.rules, ground.in_force
    if broken.accepted.schema != ground.rows.accepted.schema:
        accepted = judge_data(broken.accepted, None, None, rules, broken.data, in_force=in_force)
    judged = _ask_gate(broken, accepted, rules, in_force)
    known = {(finding.rule, finding.column) for finding in ground.clean.judged.findings}
    return [f for f in judged.findings if (f.rule, f.column) not in known]


def _ask_gate(
    rows: Delivery, accepted: DataJudgement, rules: DataGate, in_force: InForce | None
) -> DataJudgement:
    return judge_data(
        rows.rows,
        accepted.contract,
        accepted.profile,
        rules,
        rows.data,
        in_force=in_force,
        past=accepted.past,
    )


DATA_GATE = Judge("data gate", _gate_findings, lambda finding: finding.severity == "stop")


def skew(steps: int | None = None) -> Judge:
    """Rows as they were served against the delivery as it is, as ``mooring skew`` would.

    Parameters
    ----------
    steps : int, optional
        By how many rows of its entity a value must be found to be late; another lag does not count.
    """

    def findings(ground: Ground, broken: Delivery) -> list[Finding]:
        offline, requests = joined(ground.rows)
        hidden = {*ground.rows.case.hidden, ground.rows.case.time}
        online = broken.new.select(n for n in broken.new.columns if n not in hidden)
        return list(_told(compare_columns(online, offline, requests.places, most=MAX_SKEW), steps))

    return Judge("skew", findings, lambda _: True)


def _told(columns: Iterable[ColumnSkew], steps: int | None) -> Iterable[Finding]:
    """What is not equal; ``stale`` when it is late, and by as much as it should be."""
    for column in columns:
        if column.status == "equal":
            continue
        cause = column.cause
        late = cause is not None and cause.kind == "stale" and steps in {None, cause.steps}
        example = () if column.example is None else (column.example.online,)
        yield Finding(
            column=column.name,
            rule="stale" if late else column.status,
            severity="warn",
            expected="the offline value",
            found="another" if cause is None else cause_words(cause),
            rows=column.unequal,
            examples=example,
        )
