"""From evidence to a recorded decision, and from a decision to a run."""

from __future__ import annotations

from dataclasses import dataclass

from mooring.errors import MooringError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.values import Decision
from mooring.pipeline.context import Context
from mooring.pipeline.run import Finished, Reason, run_pipeline
from mooring.retraining.evidence import count_rows, gather
from mooring.retraining.policy import Ruling, rule
from mooring.retraining.triggers import Reading, read_triggers


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision and what came of it: a deployed version, or the error that ended the run."""

    decision: Decision
    finished: Finished | None = None
    error: MooringError | None = None


def decide(context: Context) -> Decision | None:
    """Reads the triggers, applies the policy and records what it decides, with its reasons.

    A retraining that a crash left without a run is taken up again, unless a run was started since;
    a *wait* that says nothing new is not recorded twice. All is read in the transaction that
    records the decision, so two loops that race come to one (P7).

    Returns
    -------
    Decision or None
        None when no trigger fires, or when nothing new was decided.
    """
    rows = count_rows(context)
    with context.catalog.write() as tx:
        evidence = gather(context, tx, rows)
        left = queries.decision_without_run(tx, context.name)
        if left is not None and not (evidence.runs and evidence.runs[0].at > left.at):
            return left
        readings = read_triggers(context.settings.triggers, evidence)
        fresh = [r for r in readings if not _retrained(tx, context.name, r)]
        ruling = rule(fresh, evidence, context.settings.policy)
        if ruling is None or _said_before(tx, context.name, ruling):
            return None
        decision = Decision(
            id=context.ids(evidence.now),
            deployment=context.name,
            cause=ruling.cause,
            window_key=ruling.window_key,
            action=ruling.action,
            because=ruling.because,
            at=evidence.now,
            detail={"coalesced": list(ruling.coalesced)},
        )
        tx.append(decision)
    return decision


def act(context: Context) -> Outcome | None:
    """Decides, and retrains when that is the decision, through the same gates as by hand (P7)."""
    decision = decide(context)
    if decision is None or decision.action != "retrain":
        return None if decision is None else Outcome(decision)
    try:
        reason = Reason(decision.cause, decision.because, decision.id)
        return Outcome(decision, finished=run_pipeline(context, reason))
    except MooringError as error:
        return Outcome(decision, error=error)


def _retrained(tx: Transaction, deployment: str, reading: Reading) -> bool:
    """Whether this cause has retrained for this window; it does not stand in another's way."""
    same = queries.decisions_about(tx, deployment, reading.trigger, reading.window_key)
    return any(decision.action == "retrain" for decision in same)


def _said_before(tx: Transaction, deployment: str, ruling: Ruling) -> bool:
    """Whether this cause and window was held back before, for the same reasons."""
    same = queries.decisions_about(tx, deployment, ruling.cause, ruling.window_key)
    return any((d.action, d.because) == (ruling.action, ruling.because) for d in same)
