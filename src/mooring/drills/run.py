"""Injects faults into copies of rows, asks who must find each, says by which rule it was caught."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mooring.drills.judges import Clean, Ground, judge_clean
from mooring.gates.terms.governing import learned_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mooring.drills.delivery import Delivery
    from mooring.drills.drills import Drill
    from mooring.gates.data.finding import Finding
    from mooring.gates.terms.judging import InForce
    from mooring.settings.model import DataGate


@dataclass(frozen=True, slots=True)
class Exercise:
    """A fault in a place, and what came of it.

    Parameters
    ----------
    drill : Drill
    place : str
    caught : bool
        Whether a rule named for the fault found it; of what is no fault, whether its judge has
        nothing against it.
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
    ground = Ground(rows, rules, clean, in_force)
    for drill in drills:
        for place in islice(drill.places(rows), most):
            found = drill.judge.findings(ground, drill.inject(rows, place, seed))
            yield _came_of(drill, place, found)


def _came_of(drill: Drill, place: str, new: Sequence[Finding]) -> Exercise:
    named = [f for f in new if drill.rules & {f.rule, learned_name(f.rule)}]
    stops = [finding for finding in new if finding.severity == "stop"]
    wrong = [finding for finding in new if drill.judge.rejects(finding)]
    told = named or stops or list(new)
    return Exercise(
        drill=drill,
        place=place,
        caught=bool(named) if drill.rules else not wrong,
        by=tuple(dict.fromkeys(finding.rule for finding in (*named, *stops, *new))),
        stopped=bool(stops),
        said=str(told[0]) if told else "",
        quarantined=any(finding.severity == "quarantine" for finding in new),
    )
