"""One comparison of two models on a holdout: fair rows, wear, then the model gate's rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import msgspec
import numpy as np
import polars as pl

from mooring.errors import MooringError
from mooring.gates.metrics import find_metric
from mooring.gates.model_gate import ModelVerdict
from mooring.gates.model_gate import judge as judge_model
from mooring.gates.wear import Wear, wear
from mooring.lineage.answers import Answers
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.digest import row_fingerprints
from mooring.lineage.fingerprints import Flags, shared, sketch
from mooring.lineage.fresh import Fault, Trial
from mooring.lineage.loading import LoadedVersion
from mooring.lineage.values import Evaluation, Json
from mooring.pipeline.candidate import Judged, truth_of
from mooring.pipeline.context import Context
from mooring.pipeline.fairness import Fair, Training, fair_rows
from mooring.settings.model import Data


@dataclass(frozen=True, slots=True)
class Model:
    """One side of a comparison.

    Parameters
    ----------
    name : str
        As a reason should call it: ``champion v3``.
    answer : Callable
        From the holdout and the rows of it to answer, to the answers.
    training : Training or None
        What it was trained on; None for one that learned nothing from rows.
    """

    name: str
    answer: Callable[[pl.DataFrame, Flags], Answers]
    training: Training | None


@dataclass(frozen=True, slots=True)
class Match:
    """Who is compared with whom, on what, and who asks.

    Parameters
    ----------
    candidate, opponent : Model
    run : str
        That made the candidate.
    champion : str or None
        The opponent's model version; None for the trivial baseline.
    holdout : polars.DataFrame
        Labelled rows, oldest first.
    dataset : str
        Their digest; a dataset version in the catalog by the time the evaluation is.
    kind : "gate" or "hand"
    data : Data
        What the columns are for.
    constant : Callable
        The best answers for a metric that ignore the features, of some rows.
    searched : tuple of str
        Columns of the holdout in which slices are looked for.
    trial : Callable
        What a fresh process measures of the candidate, or its fault; None when nothing is asked.
    trial_before : Trial, optional
        What one measured of the opponent when that was judged.
    """

    candidate: Model
    opponent: Model
    run: str
    champion: str | None
    holdout: pl.DataFrame
    dataset: str
    kind: Literal["gate", "hand"]
    data: Data
    constant: Callable[[pl.DataFrame, Flags, str | None], Answers]
    searched: tuple[str, ...] = ()
    trial: Callable[[], Trial | Fault | None] = lambda: None
    trial_before: Trial | None = None


def compare(context: Context, match: Match) -> tuple[Judged, Evaluation | None]:
    """Judge a match on the rows that are fair to both.

    Returns
    -------
    Judged
    Evaluation or None
        What the holdout was spent on, for the caller to append; None when nobody learned anything
        of it, because nothing was compared.
    """
    models = [side.training for side in (match.candidate, match.opponent) if side.training]
    fair = fair_rows(match.holdout, models, match.data)
    if fair.unknown:
        return _untold(match, fair.unknown), None
    rows = match.holdout.filter(pl.Series(fair.rows))
    if rows.is_empty():
        reasons = (*fair.reasons, "no labelled rows are left to compare on")
        return Judged("not_enough_evidence", reasons, match.champion, {}), None
    answers = match.candidate.answer(match.holdout, fair.rows)
    try:
        opponent = match.opponent.answer(match.holdout, fair.rows)
    except MooringError as error:
        return _untold(match, f"{match.opponent.name} cannot answer the rows: {error.what}"), None
    own = sketch(row_fingerprints(rows))
    worn = _wear(context, match, own)
    verdict = _verdict(context, match, fair, (answers, opponent), worn)
    judged = Judged(
        verdict.outcome,
        (*verdict.reasons, *fair.reasons, str(worn)),
        match.champion,
        {**_evidence(verdict), "holdout": _holdout(match, fair, worn)},
    )
    return judged, _evaluation(context, match, judged, own)


def _untold(match: Match, reason: str) -> Judged:
    return Judged("not_enough_evidence", (reason,), match.champion, {})


def _wear(context: Context, match: Match, own: tuple[int, ...]) -> Wear:
    """How used these rows are; asking the same question again reveals nothing new."""
    with context.catalog.read() as tx:
        earlier = queries.evaluations(tx, context.name)
    asked = {(past.run, past.opponent, past.dataset): past for past in earlier}
    asked.pop((match.run, match.champion, match.dataset), None)
    overlaps = [shared(own, past.sketch) for past in asked.values()]
    return wear(overlaps, context.settings.gates.model.confidence)


def _verdict(
    context: Context, match: Match, fair: Fair, answers: tuple[Answers, Answers], worn: Wear
) -> ModelVerdict:
    rules = context.settings.gates.model
    rows = match.holdout.filter(pl.Series(fair.rows))

    def constant(metric: str | None) -> Answers:
        return match.constant(match.holdout, fair.rows, metric)

    return judge_model(
        match.data.task,
        truth_of(rows, match.data.target),
        *answers,
        match.opponent.name,
        rules,
        time_ordered=True,
        positive=match.data.positive,
        seed=context.settings.pipeline.seed,
        confidence=worn.confidence,
        trivial=None if match.champion is None else constant(rules.metric),
        rows=rows,
        searched=match.searched,
        constants={find_metric(match.data.task, m).name: constant(m) for m in rules.guardrails},
        trial=match.trial(),
        trial_before=match.trial_before,
    )


def _evidence(verdict: ModelVerdict) -> Json:
    evidence = asdict(verdict)
    del evidence["outcome"], evidence["reasons"]
    return {**evidence, "candidate_metrics": dict(verdict.candidate_metrics)}


def _holdout(match: Match, fair: Fair, worn: Wear) -> Json:
    return {
        "dataset": match.dataset,
        "rows": int(np.count_nonzero(fair.rows)),
        "left_out": dict(fair.dropped),
        "earlier_verdicts": worn.earlier,
        "place": worn.place,
        "confidence": worn.confidence,
        "family": worn.family,
        "rows_factor": worn.rows_factor,
        "fresh_one_due": worn.due,
    }


def _evaluation(context: Context, match: Match, judged: Judged, own: Sequence[int]) -> Evaluation:
    now = context.clock()
    holdout = judged.evidence["holdout"]
    return Evaluation(
        id=context.ids(now),
        kind=match.kind,
        run=match.run,
        opponent=match.champion,
        dataset=match.dataset,
        rows=int(holdout["rows"]) if isinstance(holdout, dict) else 0,
        outcome=judged.outcome,
        at=now,
        by=context.by,
        sketch=tuple(own),
        detail={} if match.kind == "gate" else {"reasons": list(judged.reasons)},
    )


def version_model(loaded: LoadedVersion, name: str) -> Model:
    """A registered model version as a side of a comparison."""
    manifest = loaded.manifest
    marks = loaded.fingerprints if manifest.rows else None
    return Model(
        name,
        lambda rows, fair: loaded.answers(rows.filter(pl.Series(fair))),
        Training(name, marks, manifest.rows, manifest.trained_until),
    )


def recorded_trial(tx: Transaction, version: str) -> Trial | None:
    """What a fresh process measured of a model version when its run judged it."""
    for verdict in reversed(queries.verdicts(tx, version)):
        findings = verdict.evidence.get("findings")
        for finding in findings if isinstance(findings, list) else ():
            if finding["part"] == "fresh process" and "candidate" in finding["evidence"]:
                return msgspec.convert(finding["evidence"]["candidate"], Trial)
    return None
