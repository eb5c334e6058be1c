"""The data gate: what the rows must meet before anything is trained on them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from mooring.errors import RunError
from mooring.gates import contract as contracts
from mooring.gates.contract import Contract
from mooring.gates.data import past as pasts
from mooring.gates.data.past import Past
from mooring.gates.data_gate import DataJudgement, data_refusal, judge_data
from mooring.gates.terms.judging import Held, InForce
from mooring.gates.terms.keys import keys_of
from mooring.gates.terms.model import FILE
from mooring.lineage.catalog import queries
from mooring.lineage.digest import digest_table
from mooring.lineage.values import Json, Verdict
from mooring.pipeline.candidate import Candidate, known
from mooring.pipeline.context import Context
from mooring.pipeline.contracting import contract_files, contract_in_force
from mooring.pipeline.quarantine import keep_rows, without_kept
from mooring.pipeline.runner import Done, Step
from mooring.profiling import codec
from mooring.profiling.profiles import Profile
from mooring.settings import Settings


def validate(context: Context) -> Step[Candidate]:
    """The step that holds the rows against the contract, and against what was last accepted."""
    settings = context.settings

    def run(candidate: Candidate) -> Done[Candidate]:
        before, in_force = last_pass(context), contract_in_force(settings)
        judgement = _judge(context, candidate, before, in_force)
        kept = _kept(context, candidate, judgement, in_force)
        gone = _gone(before, in_force)
        told = (*map(str, judgement.findings), *filter(None, [_where(kept)]), *gone)
        verdict = Verdict(
            id=context.ids(context.clock()),
            gate="data",
            outcome=judgement.outcome,
            at=context.clock(),
            by=context.by,
            reasons=told,
            run=candidate.run.id,
            evidence={**kept, "rows": judgement.held.kept.height},
        )
        refusal = None if judgement.outcome == "pass" else data_refusal(judgement, _where(kept))
        result = {**kept, "warnings": [*_warnings(judgement), *gone]}
        accepted = replace(candidate, contract=judgement.contract, rows=judgement.held.kept)
        after = _under(settings, accepted, in_force)
        return Done(after, result, (verdict,), refusal)

    def restore(candidate: Candidate, result: Json) -> Candidate:
        contract = contracts.from_bytes(context.blobs.get(str(result["contract"])))
        in_force = contract_in_force(settings)
        _refuse_other_terms(_of_terms(context, in_force), result)
        rows = _left(context, known(candidate.rows), result.get("quarantined"))
        return _under(settings, replace(candidate, contract=contract, rows=rows), in_force)

    return Step("validate", run, restore)


def last_pass(context: Context) -> Verdict | None:
    """The verdict on the data that last passed the gate in this project."""
    with context.catalog.read() as tx:
        return queries.last_data_pass(tx, context.name)


def _judge(
    context: Context, candidate: Candidate, before: Verdict | None, in_force: InForce | None
) -> DataJudgement:
    accepted, baseline, past = accepted_by(context, before)
    return judge_data(
        known(candidate.rows),
        accepted,
        baseline,
        context.settings.gates.data,
        context.settings.data,
        in_force=in_force,
        now=context.clock(),
        past=past,
    )


def accepted_by(
    context: Context, verdict: Verdict | None
) -> tuple[Contract | None, Profile | None, Past | None]:
    """What the data gate kept of the data that a verdict accepted."""
    if verdict is None:
        return None, None, None
    contract = context.blobs.get(str(verdict.evidence["contract"]))
    profile = context.blobs.get(str(verdict.evidence["profile"]))
    kept = verdict.evidence.get("past")  # verdicts of before have none
    past = None if kept is None else pasts.from_bytes(context.blobs.get(str(kept)))
    return contracts.from_bytes(contract), codec.from_bytes(profile), past


def _kept(
    context: Context, candidate: Candidate, judgement: DataJudgement, in_force: InForce | None
) -> Json:
    """What the catalog keeps of a judgement, each part named by its digest."""
    return {
        "contract": context.blobs.put(contracts.to_bytes(judgement.contract)),
        "profile": context.blobs.put(codec.to_bytes(judgement.profile)),
        "past": context.blobs.put(pasts.to_bytes(judgement.past)),
        **_of_terms(context, in_force),
        **_taken(context, candidate, judgement.held),
    }


def _under(settings: Settings, candidate: Candidate, in_force: InForce | None) -> Candidate:
    """The candidate with the contract in force, and the keys of other datasets that it needs."""
    if in_force is None:
        return candidate
    keys = keys_of(in_force.terms, in_force.tables, frozenset(settings.hidden_columns))
    return replace(candidate, terms=in_force.written, keys=keys)


def _refuse_other_terms(now: Json, before: Json) -> None:
    """An interrupted run does not go on under other terms, checks or datasets."""
    odd = [name for name, value in now.items() if value != before.get(name)]
    if odd:
        raise RunError(
            "what the rows were held against has changed since this run was interrupted",
            where=f"the {odd[0]} of {FILE}",
            fix="start a new run: mooring run",
        )


def _of_terms(context: Context, in_force: InForce | None) -> Json:
    """What names the contract in force: its text, the code of its checks, its datasets."""
    if in_force is None:
        return {}
    files = contract_files(context.settings)
    return {
        "terms": context.blobs.put(files.pop(FILE)),
        "checks": {path: context.blobs.put(data) for path, data in sorted(files.items())},
        "datasets": {
            name: digest_table(table).digest for name, table in sorted(in_force.tables.items())
        },
    }


def _taken(context: Context, candidate: Candidate, held: Held) -> Json:
    """Where the rows are that were taken out, and the digest of those that were left."""
    if held.taken is None:
        return {}
    file = keep_rows(context.settings.state, candidate.dataset, held.taken)
    left = digest_table(held.kept).digest
    return {"quarantined": {"rows": held.taken.height, "file": file, "kept": left}}


def _left(context: Context, rows: pl.DataFrame, quarantined: object) -> pl.DataFrame:
    """The rows of an interrupted run without those that it had taken out."""
    if not isinstance(quarantined, dict):
        return rows
    rows = without_kept(rows, context.settings.state / quarantined["file"])
    if digest_table(rows).digest != quarantined["kept"]:
        raise RunError(
            "other rows were quarantined than this run says",
            where=f".mooring/{quarantined['file']}",
            fix="start a new run: mooring run",
        )
    return rows


def _where(kept: Json) -> str:
    """Where the rows are that were taken out, for people; empty when there are none."""
    taken = kept.get("quarantined")
    if not isinstance(taken, dict):
        return ""
    return f"{taken['rows']:,} rows quarantined in .mooring/{taken['file']}"


def _gone(before: Verdict | None, in_force: InForce | None) -> list[str]:
    """A contract that is not there any more is told of: nobody may have meant to remove it."""
    if in_force is not None or before is None or "terms" not in before.evidence:
        return []
    return [f"{FILE} is gone; the rows that were accepted last were held against one"]


def _warnings(judgement: DataJudgement) -> list[str]:
    return [str(finding) for finding in judgement.findings if finding.severity != "stop"]
