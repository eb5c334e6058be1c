"""The data gate: what the rows must meet before anything is trained on them."""

from __future__ import annotations

from dataclasses import replace

from mooring.gates import contract as contracts
from mooring.gates.contract import Contract
from mooring.gates.data import past as pasts
from mooring.gates.data.past import Past
from mooring.gates.data_gate import DataJudgement, data_refusal, judge_data
from mooring.lineage.catalog import queries
from mooring.lineage.values import Json, Verdict
from mooring.pipeline.candidate import Candidate, known
from mooring.pipeline.context import Context
from mooring.pipeline.runner import Done, Step
from mooring.profiling import codec
from mooring.profiling.profiles import Profile


def validate(context: Context) -> Step[Candidate]:
    """The step that holds the rows against what was last accepted."""
    settings = context.settings

    def run(candidate: Candidate) -> Done[Candidate]:
        accepted, baseline, past = last_accepted(context)
        judgement = judge_data(
            known(candidate.rows),
            accepted,
            baseline,
            settings.gates.data,
            settings.data,
            past=past,
        )
        contract = context.blobs.put(contracts.to_bytes(judgement.contract))
        profile = context.blobs.put(codec.to_bytes(judgement.profile))
        kept = {
            "contract": contract,
            "profile": profile,
            "past": context.blobs.put(pasts.to_bytes(judgement.past)),
            "warnings": _warnings(judgement),
        }
        verdict = Verdict(
            id=context.ids(context.clock()),
            gate="data",
            outcome=judgement.outcome,
            at=context.clock(),
            by=context.by,
            reasons=tuple(str(finding) for finding in judgement.findings),
            run=candidate.run.id,
            evidence={**kept, "rows": known(candidate.rows).height},
        )
        refusal = None if judgement.outcome == "pass" else data_refusal(judgement)
        after = replace(candidate, contract=judgement.contract)
        return Done(after, kept, (verdict,), refusal)

    def restore(candidate: Candidate, result: Json) -> Candidate:
        data = context.blobs.get(str(result["contract"]))
        return replace(candidate, contract=contracts.from_bytes(data))

    return Step("validate", run, restore)


def last_accepted(context: Context) -> tuple[Contract | None, Profile | None, Past | None]:
    """What the data gate kept of the data that last passed it in this project."""
    with context.catalog.read() as tx:
        verdict = queries.last_data_pass(tx, context.name)
    if verdict is None:
        return None, None, None
    contract = context.blobs.get(str(verdict.evidence["contract"]))
    profile = context.blobs.get(str(verdict.evidence["profile"]))
    kept = verdict.evidence.get("past")  # verdicts of before have none
    past = None if kept is None else pasts.from_bytes(context.blobs.get(str(kept)))
    return contracts.from_bytes(contract), codec.from_bytes(profile), past


def _warnings(judgement: DataJudgement) -> list[str]:
    return [str(finding) for finding in judgement.findings if finding.severity == "warn"]
