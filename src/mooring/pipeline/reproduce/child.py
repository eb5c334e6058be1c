"""The process that trains again: reads an order, writes what came of it, knows no project."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.clock import system_clock
from mooring.errors import MooringError
from mooring.gates import contract as contracts
from mooring.gates.terms import keys
from mooring.gates.terms.model import FILE
from mooring.gates.terms.reading import parse_terms
from mooring.ids import random_ids
from mooring.lineage.answers import Answers
from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.blobs import BlobStore
from mooring.lineage.catalog.engine import open_catalog
from mooring.lineage.codespace import CodeSpace
from mooring.lineage.digest import TableDigest, digest_table
from mooring.lineage.environment import capture_environment
from mooring.lineage.loading import load_version
from mooring.pipeline.candidate import Candidate, known
from mooring.pipeline.context import Context
from mooring.pipeline.quarantine import without_kept
from mooring.pipeline.reproduce.order import Compared, Order, Trained
from mooring.pipeline.splitting import recent_rows
from mooring.pipeline.steps.evaluate import evaluate
from mooring.pipeline.steps.prepare import ROLES, prepare
from mooring.pipeline.steps.register import manifest_of, parts_of
from mooring.pipeline.steps.train import train
from mooring.profiling.words import listed
from mooring.reading.tables import read_table
from mooring.settings import Settings

if TYPE_CHECKING:
    from mooring.lineage.catalog.engine import Catalog

_TINY = 1e-9
"""Below this two numbers are the same: as for golden rows."""


def main(order: str, answer: str) -> int:
    """Trains what one file orders and writes the answer to another.

    An error of Mooring's own is the answer; any other ends the process with its traceback.
    """
    asked = msgspec.json.decode(Path(order).read_bytes(), type=Order)
    try:
        made = train_again(asked)
    except MooringError as error:
        made = Trained(missing=f"{error.what} ({error.where})" if error.where else error.what)
    Path(answer).write_bytes(msgspec.json.encode(made))
    return 0


def train_again(order: Order) -> Trained:
    """Takes the steps of a run from its rows to a model version, in a folder of its own.

    Raises
    ------
    MooringError
        When the code does not run here, or the rows cannot be read.
    """
    rows, source, grown, tried = find_rows(order)
    if rows is None:
        return Trained(missing="; ".join(tried))
    catalog = open_catalog(f"sqlite:///{Path(order.work) / 'catalog.db'}")
    try:
        with catalog.write() as tx:
            tx.append(order.code, order.environment, order.run)
        context = _context(order, catalog)
        candidate = _candidate(order, context, rows)
        for role in ROLES:
            found = digest_table(getattr(known(candidate.splits), role)).digest
            if found != order.datasets.get(role):
                said = f"the {role} rows are not those it had, although the source is the same"
                return Trained(missing=said, source=source)
        manifest, parts = manifest_of(context, candidate), parts_of(context, candidate)
        artifact = context.store.write(manifest, parts)
    finally:
        catalog.close()
    return _trained(order, candidate, artifact, source, grown)


def find_rows(order: Order) -> tuple[pl.DataFrame | None, str, int, list[str]]:
    """The rows that the version was made from, by their digest.

    A source that has grown since begins with them: rows that were appended are left out.

    Returns
    -------
    frame or None
    str
        Where they were found.
    int
        How many rows came behind them.
    list of str
        What the places that do not have them hold instead.
    """
    tried = []
    for source in order.sources:
        try:
            frame = read_table(source, Path(order.project), order.file.data.types)
        except MooringError as error:
            tried.append(f"{source}: {error.what}")
            continue
        found = digest_table(frame)
        if found.digest == order.datasets["source"]:
            return frame, source, 0, tried
        if frame.height > order.rows:
            rows = frame.head(order.rows)
            if digest_table(rows).digest == order.datasets["source"]:
                return rows, source, frame.height - order.rows, tried
        tried.append(_lost(order, source, found))
    return None, "", 0, tried


def _lost(order: Order, source: str, found: TableDigest) -> str:
    """What a source holds instead of the rows."""
    said = f"{source} no longer gives the rows it was trained on"
    if found.rows != order.rows:
        return f"{said}: it had {order.rows:,} and has {found.rows:,}, others among them"
    now = dict(found.columns)
    odd = sorted(n for n in {*now, *order.columns} if now.get(n) != order.columns.get(n))
    return f"{said}: of {order.rows:,} rows other values in {listed(odd) or 'another order'}"


def _context(order: Order, catalog: Catalog) -> Context:
    work = Path(order.work)
    file = order.file
    tables = {name: getattr(file, name) for name in file.__struct_fields__}
    return Context(
        settings=Settings(**tables, root=Path(order.project)),
        catalog=catalog,
        store=ArtifactStore(work / "artifacts"),
        blobs=BlobStore(work / "blobs"),
        clock=system_clock,
        ids=random_ids,
        by="reproduce",
    )


def _candidate(order: Order, context: Context, rows: pl.DataFrame) -> Candidate:
    settings = context.settings
    accepted = contracts.from_bytes(Path(order.contract).read_bytes())
    space = CodeSpace.load(settings.root, settings.pipeline.code)
    left = recent_rows(rows, settings.data)
    if order.quarantined:
        left = without_kept(left, Path(order.quarantined))
    parts = ArtifactStore(Path(order.artifacts)).read(order.artifact).parts
    written = parts.get(FILE)
    candidate = Candidate(
        order.run,
        space,
        rows=left,
        contract=accepted,
        terms=parse_terms(written.decode()) if written else None,
        keys=keys.from_bytes(parts.get(keys.PART)),
    )
    for step in (prepare(context), train(context), evaluate(context)):
        candidate = step.run(candidate).state
    return candidate


def _trained(order: Order, candidate: Candidate, artifact: str, source: str, grown: int) -> Trained:
    evaluated, splits = known(candidate.evaluated), known(candidate.splits)
    store = ArtifactStore(Path(order.work) / "artifacts")
    before, after = ArtifactStore(Path(order.artifacts)).read(order.artifact), store.read(artifact)
    names = {*before.manifest.files, *after.manifest.files}
    odd = [n for n in names if before.manifest.files.get(n) != after.manifest.files.get(n)]
    compared, silent = None, ""
    try:
        other = load_version(
            ArtifactStore(Path(order.artifacts)), order.artifact, check_golden=False
        )
        said = other.answers(splits.holdout)
        compared = compare(said, evaluated.answers["holdout"], order.tolerance)
    except MooringError as error:
        silent = error.what
    return Trained(
        source=source,
        grown=grown,
        artifact=artifact,
        parts=tuple(sorted(odd)),
        metrics={role: dict(values) for role, values in evaluated.metrics.items()},
        predictions=compared,
        silent=silent,
        environment=capture_environment(order.at),
    )


def compare(before: Answers, after: Answers, tolerance: float) -> Compared:
    """How far two models' answers to the same rows lie apart.

    Parameters
    ----------
    before, after : Answers
    tolerance : float
        Relative to the answer before; missing numbers equal missing numbers.

    Examples
    --------
    >>> compare(Answers(np.array([1.0, 2.0])), Answers(np.array([1.0, 2.5])), 1e-6).largest
    0.5
    """
    rows = len(before.predictions)
    beyond = np.zeros(rows, dtype=np.bool_)
    largest: list[float] = []
    if before.predictions.dtype.kind == "f" and after.predictions.dtype.kind == "f":
        beyond |= _beyond(before.predictions, after.predictions, tolerance, largest)
    else:
        beyond |= before.predictions != after.predictions
    one, two = before.probabilities, after.probabilities
    if one is not None and two is not None and one.shape == two.shape:
        beyond |= _beyond(one, two, tolerance, largest).any(axis=1)
    elif one is not None or two is not None:
        beyond[:] = True
    return Compared(rows=rows, beyond=int(beyond.sum()), largest=max(largest, default=None))


def _beyond(
    before: NDArray[np.generic], after: NDArray[np.generic], tolerance: float, largest: list[float]
) -> NDArray[np.bool_]:
    one, two = before.astype(np.float64), after.astype(np.float64)
    apart = np.abs(two - one)
    finite = apart[np.isfinite(apart)]
    largest.append(float(finite.max()) if finite.size else 0.0)
    return ~np.isclose(two, one, rtol=tolerance, atol=_TINY, equal_nan=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
