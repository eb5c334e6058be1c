"""Keeping what a run comes to in the catalog."""

from __future__ import annotations

from collections.abc import Mapping

from mooring.clock import Clock
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Catalog, Transaction
from mooring.lineage.values import (
    CodeVersion,
    DatasetSource,
    DatasetVersion,
    Environment,
    Fact,
    Json,
    RunEvent,
    RunEventKind,
    StepResult,
)

_BY_CONTENT = (DatasetVersion, DatasetSource, CodeVersion, Environment)


class CatalogRecorder:
    """Records the steps of one run.

    Parameters
    ----------
    catalog : Catalog
        Where the facts go.
    run : str
        The run's id; it must be in the catalog.
    clock : Clock
        Says when a step ended.
    """

    def __init__(self, catalog: Catalog, run: str, clock: Clock) -> None:
        self._catalog = catalog
        self._run = run
        self._clock = clock
        with catalog.read() as tx:
            self._before: Mapping[str, Json] = {
                r.step: r.result for r in queries.step_results(tx, run)
            }

    def recorded(self, step: str) -> Json | None:
        """The result of a step that succeeded before the run was interrupted."""
        return self._before.get(step)

    def record(self, step: str, seconds: float, result: Json, facts: tuple[Fact, ...]) -> None:
        """Keeps a result and its facts in one transaction."""
        with self._catalog.write() as tx:
            append_facts(tx, facts)
            tx.append(StepResult(self._run, step, self._clock(), seconds, result))

    def refuse(self, facts: tuple[Fact, ...]) -> None:
        """Keeps the facts of a step that stopped the run."""
        with self._catalog.write() as tx:
            append_facts(tx, facts)


def append_facts(tx: Transaction, facts: tuple[Fact, ...]) -> None:
    """Appends facts, those named by their content only when they are new."""
    for fact in facts:
        if isinstance(fact, _BY_CONTENT):
            tx.append_once(fact)
        else:
            tx.append(fact)


def add_event(
    tx: Transaction, run: str, kind: RunEventKind, clock: Clock, detail: Json | None = None
) -> None:
    """Appends what happened to a run."""
    number = len(queries.run_events(tx, run)) + 1
    tx.append(RunEvent(run, number, kind, clock(), detail or {}))
