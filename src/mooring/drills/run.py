"""Injects faults into copies of rows, asks the data gate, says what was caught by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mooring.gates.data_gate import DataJudgement, judge_data
from mooring.gates.terms.governing import learned_name
from mooring.settings.model import DataGate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from mooring.drills.delivery import Delivery
    from mooring.drills.drills import Drill
    from mooring.gates.data.finding import Finding
    from mooring.gates.terms.judging import InForce


@dataclass(frozen=True, slots=True)
class Exercise:
    """A fault in a place, and what came of it.

    Parameters
    ----------
    drill : Drill
    place : str
    caught : bool
        Whether a rule named for the fault found it; of what is no fault, whether nothing stopped.
    by : tuple of str
        Rules that found something which they do not find in the clean rows.
    stopped : bool
        Whether nothing would have been trained.
    quarantined : bool
        Whether rows were taken out for it.
    said : str
        The finding, for people.
    """

    drill: Drill
    place: str
    caught: bool
    by: tuple[str, ...]
    stopped: bool
    said: str
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Clean:
    """What the gate says of the delivery as it is."""

    accepted: DataJudgement
    judged: DataJudgement


def judge_clean(rows: Delivery, rules: DataGate, in_force: InForce | None = None) -> Clean:
    """Ask the gate about the accepted rows, then about all of the delivery, unbroken."""
    accepted = judge_data(rows.accepted, None, None, rules, rows.data, in_force=in_force)
    return Clean(accepted, _judge(rows.rows, accepted, rows, rules, in_force))


def exercise(  # noqa: PLR0913 - what, into what, and how, the last by name
    rows: Delivery,
    drills: Iterable[Drill],
    rules: DataGate,
    *,
    seed: int,
    most: int,
    clean: Clean | None = None,
    in_force: InForce | None = None,
) -> Iterator[Exercise]:
    """Inject each fault into a copy of the new rows, in at most so many places.

    Parameters
    ----------
    rows : Delivery
    drills : iterable of Drill
    rules : DataGate
    seed : int
        Draws the rows that are broken.
    most : int
        Places for each fault.
    clean : Clean, optional
        Of the same rows and rules, when it is known.
    in_force : InForce, optional
        The project's ``contract.toml``.
    """
    clean = clean or judge_clean(rows, rules, in_force)
    known = {(finding.rule, finding.column) for finding in clean.judged.findings}
    for drill in drills:
        for place in islice(drill.places(rows), most):
            broken = drill.inject(rows, place, seed)
            accepted = clean.accepted
            if broken.accepted.schema != rows.accepted.schema:
                accepted = judge_data(
                    broken.accepted, None, None, rules, rows.data, in_force=in_force
                )
            judged = _judge(broken.rows, accepted, rows, rules, in_force)
            yield _came_of(drill, place, judged, known)


def _judge(
    frame: pl.DataFrame,
    accepted: DataJudgement,
    rows: Delivery,
    rules: DataGate,
    in_force: InForce | None,
) -> DataJudgement:
    return judge_data(
        frame,
        accepted.contract,
        accepted.profile,
        rules,
        rows.data,
        in_force=in_force,
        past=accepted.past,
    )


def _came_of(
    drill: Drill, place: str, judged: DataJudgement, known: set[tuple[str, str]]
) -> Exercise:
    new = [f for f in judged.findings if (f.rule, f.column) not in known]
    named = [f for f in new if drill.rules & {f.rule, learned_name(f.rule)}]
    stops = [finding for finding in new if finding.severity == "stop"]
    caught = bool(named) if drill.rules else not stops
    told: list[Finding] = named or stops or new
    return Exercise(
        drill=drill,
        place=place,
        caught=caught,
        by=tuple(dict.fromkeys(finding.rule for finding in (*named, *stops, *new))),
        stopped=bool(stops),
        said=str(told[0]) if told else "",
        quarantined=any(finding.severity == "quarantine" for finding in new),
    )
