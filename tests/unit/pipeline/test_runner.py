"""The runner: order, what is recorded, and going on after a kill."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import GateRefused, RunError
from mooring.lineage.values import Fact, Json, LabelBatch
from mooring.pipeline.runner import Done, Step, execute
from tests.facts import AT, NAME

State = tuple[str, ...]
FACT = LabelBatch("l", NAME, "s", 1, 1, AT)


@dataclass
class Notes:
    """A recorder that keeps what it is told, and may be killed at the n-th record."""

    results: dict[str, Json] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    kill_at: int = 99

    def recorded(self, step: str) -> Json | None:
        """As the protocol says."""
        return self.results.get(step)

    def record(self, step: str, seconds: float, result: Json, facts: tuple[Fact, ...]) -> None:
        """As the protocol says."""
        assert seconds >= 0
        if len(self.results) >= self.kill_at:
            raise KeyboardInterrupt
        assert step not in self.results, "a step is recorded once"
        self.results[step] = result
        self.facts += facts

    def refuse(self, facts: tuple[Fact, ...]) -> None:
        """As the protocol says."""
        self.facts += facts


def adding(name: str, worked: list[str], refusal: GateRefused | None = None) -> Step[State]:
    """A step that adds its name, and notes when it really works."""

    def run(state: State) -> Done[State]:
        worked.append(name)
        return Done((*state, name), {"after": len(state)}, (FACT,), refusal)

    def restore(state: State, result: Json) -> State:
        assert result == {"after": len(state)}
        return (*state, name)

    return Step(name, run, restore)


def test_steps_run_in_order_and_pass_their_state_on() -> None:
    worked: list[str] = []
    notes = Notes()
    assert execute([adding(n, worked) for n in "abc"], (), notes) == ("a", "b", "c")
    assert worked == ["a", "b", "c"]
    assert notes.results == {"a": {"after": 0}, "b": {"after": 1}, "c": {"after": 2}}
    assert len(notes.facts) == 3


def test_progress_is_told_before_each_step() -> None:
    told: list[tuple[str, int, int]] = []
    worked: list[str] = []

    def progress(step: str, number: int, count: int) -> None:
        assert len(worked) == number - 1
        told.append((step, number, count))

    execute([adding(n, worked) for n in "ab"], (), Notes(), progress)
    assert told == [("a", 1, 2), ("b", 2, 2)]


@given(st.integers(1, 6), st.data())
def test_p9_a_killed_run_goes_on_without_repeating_a_step(steps: int, data: st.DataObject) -> None:
    names = [f"step {number}" for number in range(steps)]
    notes, worked = Notes(), list[str]()
    plan = [adding(name, worked) for name in names]
    for kill_at in data.draw(st.lists(st.integers(0, steps - 1), max_size=3)):
        notes.kill_at = max(kill_at, len(notes.results))
        if notes.kill_at < steps:
            with pytest.raises(KeyboardInterrupt):
                execute(plan, (), notes)
    kills = len(worked) - len(notes.results)
    notes.kill_at = 99
    assert execute(plan, (), notes) == tuple(names)
    assert len(notes.facts) == steps, "the facts of a step are recorded with it, once"
    assert len(worked) == steps + kills, "only what was not recorded is done again"


def test_p9_a_finished_run_does_nothing_again() -> None:
    worked: list[str] = []
    notes = Notes()
    plan = [adding(n, worked) for n in "ab"]
    first = execute(plan, (), notes)
    assert execute(plan, (), notes) == first
    assert worked == ["a", "b"]


def test_a_refusal_keeps_the_facts_and_not_the_step() -> None:
    worked: list[str] = []
    notes = Notes()
    no = GateRefused("no")
    plan = [adding("a", worked), adding("gate", worked, no), adding("c", worked)]
    with pytest.raises(GateRefused) as caught:
        execute(plan, (), notes)
    assert caught.value is no
    assert list(notes.results) == ["a"]
    assert len(notes.facts) == 2
    assert worked == ["a", "gate"], "nothing runs behind a gate that refused"


def test_a_step_that_raises_is_not_recorded() -> None:
    def fail(_: State) -> Done[State]:
        raise RunError("broken")

    notes = Notes()
    with pytest.raises(RunError):
        execute([Step("bad", fail)], (), notes)
    assert notes == Notes()


def test_a_step_that_changes_nothing_needs_no_restore() -> None:
    notes = Notes(results={"same": {}})
    step: Step[State] = Step("same", Done)
    assert execute([step], ("kept",), notes) == ("kept",)
