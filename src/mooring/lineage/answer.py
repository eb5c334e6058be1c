"""The 3am question, answered from the catalog: what serves, and what made it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mooring.errors import UnknownName
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.overrides import Override, override_in
from mooring.lineage.values import (
    Arm,
    CodeVersion,
    DatasetVersion,
    Evaluation,
    ModelVersion,
    Reproduction,
    Run,
    RunDataset,
    Verdict,
)

Answer = dict[str, Any]
"""A JSON document; its keys are listed where it is made."""


def lineage_answer(
    tx: Transaction, at: datetime | None = None, now: datetime | None = None
) -> Answer:
    """Which model versions serve what share of the traffic, and what each was made from.

    Parameters
    ----------
    tx : Transaction
        Open for reading.
    at : datetime, optional
        The instant asked about; now when absent. Later facts do not enter the answer.
    now : datetime, optional
        Says which overrides have expired; they are shown either way.

    Returns
    -------
    dict
        ``{"deployments": [{"name", "arms": [{"model_version", "weight", "run", "code",
        "data": [{"role", "dataset", "digest"}], "metrics", "verdicts"}]}]}`` and a little more: an
        arm's ``override`` says by whom, why and until when it serves without a pass, else null;
        ``holdout_uses`` counts the comparisons that spent its holdout, ``by_hand`` lists those of
        it that somebody made with ``mooring judge``.
    """
    found = []
    for name in queries.deployments(tx):
        traffic = queries.traffic(tx, name, at)
        if traffic is not None:
            revision = traffic.revision
            found.append(
                {
                    "name": name,
                    "revision": revision.number,
                    "action": revision.action,
                    "because": revision.because,
                    "by": revision.by,
                    "since": revision.at.isoformat(),
                    "arms": [_arm(tx, arm, at, now) for arm in traffic.arms],
                }
            )
    return {"at": None if at is None else at.isoformat(), "deployments": found}


def version_answer(tx: Transaction, version: ModelVersion, at: datetime | None = None) -> Answer:
    """What one model version was made from, and what the gates said of it."""
    run = queries.get(tx, Run, version.run)
    code = queries.get(tx, CodeVersion, run.code)
    return {
        "model_version": version.id,
        "artifact": version.artifact,
        "run": run.id,
        "trigger": run.trigger,
        "because": run.because,
        "trained_at": version.at.isoformat(),
        "code": {"digest": code.digest, "commit": code.commit, "dirty": code.dirty},
        "environment": run.environment,
        "params": run.params,
        "contract": _contract(tx, run.id),
        "data": [_data(tx, used, at) for used in queries.run_datasets(tx, run.id)],
        "metrics": _metrics(tx, version.id),
        "verdicts": [_verdict(verdict) for verdict in _verdicts(tx, version, at)],
        "reproductions": [_reproduction(one) for one in queries.reproductions(tx, version.id, at)],
        "by_hand": [_by_hand(e) for e in _evaluations(tx, version, at) if e.kind == "hand"],
        "holdout_uses": _holdout_uses(tx, version, at),
    }


def dataset_answer(tx: Transaction, text: str) -> Answer:
    """Everything trained on a dataset version, and where it serves.

    Parameters
    ----------
    text : str
        The digest, or the first characters of it, with or without its prefix.

    Raises
    ------
    UnknownName
        When no dataset version, or more than one, begins like that.
    """
    dataset = find_dataset(tx, text)
    serving = {
        arm.model_version: {"deployment": name, "weight": arm.weight, "role": arm.role}
        for name in queries.deployments(tx)
        if (traffic := queries.traffic(tx, name)) is not None
        for arm in traffic.arms
    }
    uses = []
    for used in queries.runs_on_dataset(tx, dataset.digest):
        version = queries.version_of_run(tx, used.run)
        made = None if version is None else version.id
        uses.append(
            {
                "run": used.run,
                "role": used.role,
                "model_version": made,
                "serving": serving.get(made or ""),
            }
        )
    return {"dataset": dataset.digest, "rows": dataset.rows, "used_by": uses}


def _arm(tx: Transaction, arm: Arm, at: datetime | None, now: datetime | None) -> Answer:
    version = queries.get(tx, ModelVersion, arm.model_version)
    made = version_answer(tx, version, at)
    override = override_in(queries.get(tx, Verdict, arm.verdict))
    shown = None if override is None else _override(override, now)
    return {
        **made,
        "weight": arm.weight,
        "role": arm.role,
        "allowed_by": arm.verdict,
        "override": shown,
    }


def _override(override: Override, now: datetime | None) -> Answer:
    return {
        "by": override.by,
        "because": override.because,
        "until": override.until.isoformat(),
        "expired": None if now is None else override.expired(now),
        "words": override.words(now),
    }


def _data(tx: Transaction, used: RunDataset, at: datetime | None) -> Answer:
    version = queries.get(tx, DatasetVersion, used.dataset)
    source = queries.source_of(tx, used.dataset, at) or queries.source_of_run(tx, used.run, at)
    return {
        "role": used.role,
        "dataset": source or used.dataset,
        "digest": used.dataset,
        "rows": version.rows,
    }


def _metrics(tx: Transaction, version: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for metric in queries.metrics(tx, version):
        found.setdefault(metric.role, {})[metric.name] = metric.value
    return found


def _contract(tx: Transaction, run: str) -> str | None:
    """The digest of the ``contract.toml`` that the run's data was held against."""
    found = [v.evidence.get("terms") for v in queries.verdicts_of_run(tx, run) if v.gate == "data"]
    return str(found[-1]) if found and found[-1] is not None else None


def _verdicts(tx: Transaction, version: ModelVersion, at: datetime | None) -> list[Verdict]:
    of_data = [v for v in queries.verdicts_of_run(tx, version.run) if v.gate == "data"]
    return [*of_data, *queries.verdicts(tx, version.id, at)]


def _evaluations(tx: Transaction, version: ModelVersion, at: datetime | None) -> list[Evaluation]:
    return [e for e in queries.evaluations(tx, version.name, at) if e.run == version.run]


def _by_hand(evaluation: Evaluation) -> Answer:
    return {
        "opponent": evaluation.opponent,
        "outcome": evaluation.outcome,
        "dataset": evaluation.dataset,
        "rows": evaluation.rows,
        "by": evaluation.by,
        "at": evaluation.at.isoformat(),
        "reasons": evaluation.detail.get("reasons", []),
    }


def _holdout_uses(tx: Transaction, version: ModelVersion, at: datetime | None) -> int:
    """How many different comparisons have used the holdout that this version was judged on."""
    used = {d.role: d.dataset for d in queries.run_datasets(tx, version.run)}
    every = queries.evaluations(tx, version.name, at)
    return len({(e.run, e.opponent) for e in every if e.dataset == used.get("holdout")})


def _verdict(verdict: Verdict) -> Answer:
    return {
        "id": verdict.id,
        "gate": verdict.gate,
        "outcome": verdict.outcome,
        "opponent": verdict.opponent,
        "reasons": list(verdict.reasons),
        "evidence": verdict.evidence,
        "by": verdict.by,
        "at": verdict.at.isoformat(),
        "until": None if verdict.until is None else verdict.until.isoformat(),
    }


def _reproduction(one: Reproduction) -> Answer:
    return {
        "outcome": one.outcome,
        "by": one.by,
        "at": one.at.isoformat(),
        "reasons": list(one.reasons),
        "detail": one.detail,
    }


def find_dataset(tx: Transaction, text: str) -> DatasetVersion:
    """The dataset version whose digest begins so.

    Raises
    ------
    UnknownName
        When there is none, or more than one.
    """
    matches = queries.datasets_like(tx, text)
    if len(matches) == 1:
        return queries.get(tx, DatasetVersion, matches[0])
    if not matches:
        raise UnknownName(
            f"no dataset version begins with {text!r}", fix="mooring lineage shows the digests"
        )
    raise UnknownName(
        f"{len(matches)} dataset versions begin with {text!r}", fix="give more of the digest"
    )
