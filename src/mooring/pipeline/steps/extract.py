"""Reads the source and names what was read by its content."""

from __future__ import annotations

from dataclasses import replace

from mooring.errors import RunError
from mooring.lineage.digest import TableDigest, digest_table
from mooring.lineage.values import DatasetSource, DatasetVersion, Fact, Json, Role, RunDataset
from mooring.pipeline.candidate import Candidate
from mooring.pipeline.context import Context
from mooring.pipeline.runner import Done, Step
from mooring.pipeline.splitting import recent_rows
from mooring.reading.tables import read_table


def extract(context: Context) -> Step[Candidate]:
    """The step that reads the source."""
    data = context.settings.data

    def read(candidate: Candidate) -> tuple[Candidate, TableDigest]:
        frame = read_table(data.source, context.settings.root, data.types)
        digest = digest_table(frame)
        return replace(candidate, rows=recent_rows(frame, data), dataset=digest.digest), digest

    def run(candidate: Candidate) -> Done[Candidate]:
        candidate, digest = read(candidate)
        seen = DatasetSource(digest.digest, data.source, context.clock())
        facts = (*dataset_facts(context, candidate.run.id, "source", digest), seen)
        return Done(candidate, {"dataset": digest.digest, "rows": digest.rows}, facts)

    def restore(candidate: Candidate, result: Json) -> Candidate:
        candidate, digest = read(candidate)
        if digest.digest != result["dataset"]:
            raise RunError(
                "the data changed since this run was interrupted, so it cannot go on",
                where=f"{data.source}: was {result['dataset']}, is {digest.digest}",
                fix="start a new run: mooring run",
            )
        return candidate

    return Step("extract", run, restore)


def dataset_facts(context: Context, run: str, role: Role, digest: TableDigest) -> tuple[Fact, ...]:
    """The dataset version, and that the run used it in a role."""
    version = DatasetVersion(
        digest.digest, digest.rows, dict(digest.schema), dict(digest.columns), context.clock()
    )
    return version, RunDataset(run, role, digest.digest)
