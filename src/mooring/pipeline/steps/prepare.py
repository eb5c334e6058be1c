"""Divides the rows by time, and makes their features with the project's own code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import polars as pl

from mooring.errors import GateRefused
from mooring.gates.data.finding import Finding
from mooring.gates.model.weak import check_slices
from mooring.gates.split import split_findings
from mooring.gates.terms.governing import named
from mooring.lineage.answering import as_polars, features_of
from mooring.lineage.digest import digest_table
from mooring.lineage.values import Fact, Json, Role, Verdict
from mooring.pipeline.candidate import Candidate, known
from mooring.pipeline.context import Context
from mooring.pipeline.inputs import needed_columns
from mooring.pipeline.runner import Done, Step
from mooring.pipeline.splitting import Splits, labelled_rows, split_by_time
from mooring.pipeline.steps.extract import dataset_facts
from mooring.settings.model import Data

ROLES: tuple[Role, ...] = tuple(role for role in get_args(Role) if role != "source")


def prepare(context: Context) -> Step[Candidate]:
    """The step from accepted rows to features by role."""
    settings = context.settings

    def raw_features(candidate: Candidate, rows: pl.DataFrame) -> object:
        inputs = [name for name in rows.columns if name not in settings.hidden_columns]
        return features_of(candidate.space, rows.select(inputs), settings.pipeline.frame)

    def make(candidate: Candidate) -> Candidate:
        rows = labelled_rows(known(candidate.rows), settings.data, candidate.run.at)
        splits = split_by_time(rows, settings.data, settings.split)
        features: dict[str, object] = {
            role: raw_features(candidate, getattr(splits, role)) for role in ROLES
        }
        return replace(candidate, splits=splits, features=features)

    def run(candidate: Candidate) -> Done[Candidate]:
        check_slices(settings.gates.model, known(candidate.rows).columns)
        candidate = make(candidate)
        splits = known(candidate.splits)
        told, lenient = _of_the_split(candidate, settings.data), settings.gates.data.warn_only
        if stops := [f for f in told if f.severity == "stop" and f.column not in lenient]:
            return Done(candidate, {}, (_verdict(context, candidate, stops),), _refusal(stops))
        columns = [name for name in splits.training.columns if name not in settings.hidden_columns]
        inputs = needed_columns(
            lambda rows: as_polars(raw_features(candidate, rows)), splits.holdout, columns
        )
        result: Json = {
            **_counts(candidate, splits),
            "inputs": list(inputs),
            "warnings": [str(finding) for finding in told],
        }
        after = _with_inputs(candidate, settings.hidden_columns, inputs)
        return Done(after, result, tuple(_datasets(context, candidate.run.id, splits)))

    def restore(candidate: Candidate, result: Json) -> Candidate:
        inputs = result["inputs"]
        found = tuple(map(str, inputs)) if isinstance(inputs, list) else ()
        return _with_inputs(make(candidate), settings.hidden_columns, found)

    return Step("features", run, restore)


def _counts(candidate: Candidate, splits: Splits) -> Json:
    return {
        "rows": {role: getattr(splits, role).height for role in ROLES},
        "unlabelled": known(candidate.rows).height - _rows(splits) - splits.purged,
        "purged": splits.purged,
    }


def _of_the_split(candidate: Candidate, data: Data) -> tuple[Finding, ...]:
    """What is wrong with how the rows were divided, as severe as the contract says."""
    splits = known(candidate.splits)
    found = tuple(split_findings(splits.training, splits.holdout, data))
    if candidate.terms is None:
        return found
    return tuple(named(finding, candidate.terms.terms) for finding in found)


def _verdict(context: Context, candidate: Candidate, stops: Sequence[Finding]) -> Verdict:
    """The data gate's second word: how the rows were divided could not be seen before."""
    return Verdict(
        id=context.ids(context.clock()),
        gate="data",
        outcome="fail",
        at=context.clock(),
        by=context.by,
        reasons=tuple(str(finding) for finding in stops),
        run=candidate.run.id,
    )


def _refusal(stops: Sequence[Finding]) -> GateRefused:
    reasons = "\n".join(f"  - {finding}\n    {finding.cure}" for finding in stops)
    return GateRefused(
        f"the data gate stopped this run, nothing was trained:\n{reasons}",
        fix="mend the data and run again; if it is right as it is, put the column's name into "
        "[gates.data] warn_only, or name the rule under [learned] of contract.toml",
    )


def _with_inputs(
    candidate: Candidate, hidden: tuple[str, ...], inputs: tuple[str, ...]
) -> Candidate:
    """The candidate with what a request must bring written into its contract.

    Keys and excluded columns may come along: callers send the rows they have.
    """
    contract = known(candidate.contract)
    target = hidden[0]
    rest = tuple(c.name for c in contract.columns if c.name not in (*inputs, target))
    return replace(candidate, contract=replace(contract, inputs=inputs, optional=rest))


def _datasets(context: Context, run: str, splits: Splits) -> list[Fact]:
    facts: list[Fact] = []
    for role in ROLES:
        facts += dataset_facts(context, run, role, digest_table(getattr(splits, role)))
    return facts


def _rows(splits: Splits) -> int:
    heights: Mapping[Role, int] = {role: getattr(splits, role).height for role in ROLES}
    return sum(heights.values())
