"""Executes a plan once: every step's result is recorded once, and a killed run goes on from there.

The runner knows nothing of data or models. It is handed steps, a state to pass along, and a
recorder; what a step did and the facts it found are recorded together or not at all (P9).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from mooring.errors import MooringError
from mooring.lineage.values import Fact, Json

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Done(Generic[S]):
    """What a step came to.

    Parameters
    ----------
    state : S
        What the next step receives.
    result : Json
        What the catalog keeps of it; enough to restore the state from.
    facts : tuple[Fact, ...]
        Appended to the catalog together with the result.
    refusal : MooringError, optional
        Why the plan stops here. The facts are recorded, the step is not: it has not succeeded.
    """

    state: S
    result: Json = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    refusal: MooringError | None = None


def _keep(state: S, _result: Json) -> S:
    return state


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """One unit of a plan.

    Parameters
    ----------
    name : str
        Unique in its plan.
    run : Callable
        From the state to what it came to.
    restore : Callable
        From the state before and the recorded result to the state after, without doing the
        work or its effects again.
    """

    name: str
    run: Callable[[S], Done[S]]
    restore: Callable[[S, Json], S] = _keep


class Recorder(Protocol):
    """Where results are kept."""

    def recorded(self, step: str) -> Json | None:
        """The result of a step that has succeeded before, in this run."""

    def record(self, step: str, seconds: float, result: Json, facts: tuple[Fact, ...]) -> None:
        """Keeps a result and its facts in one transaction."""

    def refuse(self, facts: tuple[Fact, ...]) -> None:
        """Keeps the facts of a step that stopped the plan."""


Progress = Callable[[str, int, int], None]
"""Told the step that starts, its number from 1, and how many there are."""


def execute(
    steps: Sequence[Step[S]], state: S, recorder: Recorder, progress: Progress | None = None
) -> S:
    """Runs the steps in order, skipping the work of those already recorded.

    Raises
    ------
    MooringError
        The refusal of the step that stopped the plan.
    """
    for number, step in enumerate(steps, start=1):
        if progress is not None:
            progress(step.name, number, len(steps))
        before = recorder.recorded(step.name)
        if before is not None:
            state = step.restore(state, before)
            continue
        started = time.perf_counter()
        done = step.run(state)
        if done.refusal is not None:
            recorder.refuse(done.facts)
            raise done.refusal
        recorder.record(step.name, time.perf_counter() - started, done.result, done.facts)
        state = done.state
    return state
