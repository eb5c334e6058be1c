"""Labels that come late, held against the contract of the version that serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mooring.errors import DataError
from mooring.gates.contract import type_of
from mooring.gates.data.case import Case
from mooring.gates.terms.judging import InForce, hold
from mooring.gates.terms.model import FILE, ColumnTerms, Terms
from mooring.gates.terms.reading import Written, parse_terms
from mooring.gates.terms.relation import Reference, columns_of, parse_relation
from mooring.gates.terms.taking import ROW
from mooring.lineage.catalog.queries import get, traffic
from mooring.lineage.digest import digest_table
from mooring.lineage.values import ModelVersion
from mooring.pipeline.quarantine import keep_rows
from mooring.settings import Settings

if TYPE_CHECKING:
    from mooring.lineage.artifacts import ArtifactStore, StoredVersion
    from mooring.lineage.catalog.engine import Catalog
    from mooring.serving.log import Label


@dataclass(frozen=True, slots=True)
class HeldLabels:
    """Labels after they were held against a contract: those to go on with, and what was found."""

    labels: Sequence[Label]
    told: tuple[str, ...] = ()
    quarantined: int = 0


def champion_artifact(
    catalog: Catalog, store: ArtifactStore, deployment: str
) -> StoredVersion | None:
    """The champion's bytes, verified; None while there is no champion."""
    with catalog.read() as tx:
        now = traffic(tx, deployment)
        champion = next((arm for arm in now.arms if arm.role == "champion"), None) if now else None
        version = get(tx, ModelVersion, champion.model_version) if champion else None
    return None if version is None else store.read(version.artifact)


def terms_of(stored: StoredVersion | None) -> Terms | None:
    """The contract that a version was made under; None when there was none."""
    written = None if stored is None else stored.parts.get(FILE)
    return None if written is None else parse_terms(written.decode()).terms


def hold_labels(
    labels: Sequence[Label], terms: Terms | None, settings: Settings, source: str
) -> HeldLabels:
    """Holds labels against what the contract says of the target: its classes, range, relations.

    A label comes alone: relations with other columns are asked before training only.

    Parameters
    ----------
    labels : sequence of Label
        In the spelling of their classes.
    terms : Terms or None
        Of the version that serves.
    settings : Settings
    source : str
        The name of the file they came in, for messages.

    Raises
    ------
    DataError
        When a rule that stops is broken; nothing was kept then.
    """
    target = settings.data.target
    column = None if terms is None else terms.columns.get(target)
    if terms is None or column is None or not labels:
        return HeldLabels(labels)
    frame = pl.DataFrame(
        {
            "prediction_id": [label.prediction_id for label in labels],
            target: pl.Series([label.value for label in labels], strict=False),
        }
    )
    only = _about(column, terms, type_of(frame.schema[target]), target)
    case = Case(frame, settings.data, settings.gates.data)
    held = hold(case, InForce(Written(only, ""), {}))
    found = [finding for finding in held.findings if finding.rule != "schema"]
    if any(finding.severity == "stop" for finding in found):
        broken = [str(finding) for finding in found if finding.severity != "warn"]
        raise DataError(
            f"these labels break the contract: {'; '.join(broken)}",
            where=source,
            fix=f"mend the labels; or let {FILE} allow them, and train again",
        )
    told = tuple(str(finding) for finding in found)
    if held.taken is None:
        return HeldLabels(labels, told)
    file = keep_rows(settings.state, digest_table(frame).digest, held.taken)
    out = set(held.taken[ROW].to_list())
    left = [label for place, label in enumerate(labels) if place not in out]
    where = f"kept in {settings.state.name}/{file}"
    return HeldLabels(left, (*told, where), held.taken.height)


def _about(column: ColumnTerms, terms: Terms, kind: str, target: str) -> Terms:
    """The part of a contract that speaks of the values of a label, and of nothing else."""
    kept = ColumnTerms(
        type=kind,
        min=column.min,
        max=column.max,
        categories=column.categories,
        tolerance=column.tolerance,
        severity=column.severity,
    )
    alone = {text: does for text, does in terms.relations.items() if _only_about(target, text)}
    return msgspec.structs.replace(
        Terms(tolerance=terms.tolerance, severity=terms.severity),
        columns={target: kept},
        relations=alone,
    )


def _only_about(target: str, relation: str) -> bool:
    parsed = parse_relation(relation)
    return not isinstance(parsed, Reference) and set(columns_of(parsed)) == {target}
