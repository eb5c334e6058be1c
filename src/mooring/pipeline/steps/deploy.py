"""Gives a version that passed its traffic, in the one transaction that records the step."""

from __future__ import annotations

from mooring.errors import CatalogError, GateRefused, MooringError, NotEnoughEvidence
from mooring.lineage import deployments
from mooring.lineage.catalog import queries
from mooring.pipeline.candidate import Candidate, Judged, known
from mooring.pipeline.context import Context
from mooring.pipeline.runner import Done, Step


def deploy(context: Context) -> Step[Candidate]:
    """The step that promotes; a candidate without a pass is refused here and has no traffic."""

    def run(candidate: Candidate) -> Done[Candidate]:
        judged, version = known(candidate.judged), known(candidate.version)
        if judged.outcome != "pass":
            return Done(candidate, refusal=_refusal(version.version, judged))
        change = deployments.Change(
            deployment=context.name,
            because=candidate.run.because,
            by=context.by,
            at=context.clock(),
            ids=context.ids,
        )
        with context.catalog.read() as tx:
            now = queries.traffic(tx, context.name)
            champion = None if now is None else now.champion.model_version
            if champion != judged.champion:
                raise CatalogError(
                    "the champion changed while this candidate was judged",
                    where=f"judged against {judged.champion}, now {champion}",
                    fix="mooring run judges against the new champion",
                )
            traffic = deployments.promote(tx, change, version.id, "deploy")
        result = {"revision": traffic.revision.number, "model_version": version.id}
        return Done(candidate, result, (traffic.revision, *traffic.arms))

    return Step("deploy", run)


def _refusal(version: int, judged: Judged) -> MooringError:
    stays = f"{judged.champion} keeps the traffic" if judged.champion else "nothing serves yet"
    see = f"mooring lineage v{version} shows what made this one"
    said = "; ".join(judged.reasons)
    if judged.outcome == "fail":
        anyway = f'mooring override v{version} --because "…" --until … lets it serve all the same'
        fix = f"{stays}; {see}; {anyway}"
        return GateRefused(f"the model gate refused v{version}", where=said, fix=fix)
    fix = f"{stays}; {_more_rows(judged)}{see}"
    return NotEnoughEvidence(f"the model gate cannot tell about v{version}", where=said, fix=fix)


def _more_rows(judged: Judged) -> str:
    """How to come by the rows that would tell, where it is known how many those are."""
    needed, had = judged.evidence.get("rows_needed"), judged.evidence.get("rows")
    if not isinstance(needed, int) or not isinstance(had, int):
        return ""
    return (
        f"wait until the holdout has about {needed:,} rows (it has {had:,}), or widen "
        "split.holdout in mooring.toml, then mooring run; "
    )
