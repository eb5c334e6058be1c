"""A project's ``contract.toml`` with what it refers to: datasets, and the project's own checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl

from mooring.clock import parse_duration
from mooring.errors import DataError, SettingsError, UsageError
from mooring.gates.data.case import Case
from mooring.gates.terms.checks import load_checks
from mooring.gates.terms.inferring import infer_terms
from mooring.gates.terms.judging import Held, InForce, hold
from mooring.gates.terms.model import FILE, ColumnTerms, Terms
from mooring.gates.terms.reading import Written, load_terms, parse_terms
from mooring.gates.terms.writing import to_toml
from mooring.lineage.digest import digest_table
from mooring.lineage.git import file_at
from mooring.lineage.imports import local_files
from mooring.pipeline.splitting import recent_rows
from mooring.reading.tables import read_table
from mooring.settings import Settings


@dataclass(frozen=True, slots=True)
class Proposal:
    """A contract that the data of now would give.

    Parameters
    ----------
    written : Written
    dataset : str
        The digest of the rows it was inferred from.
    rows : int
    """

    written: Written
    dataset: str
    rows: int


def contract_in_force(settings: Settings) -> InForce | None:
    """The project's contract, its datasets read and its checks loaded; None where it has none.

    Raises
    ------
    SettingsError
        When ``contract.toml`` does not read, or is required and not there.
    UnreadableData, UserCodeError
        When a dataset or a check that it names cannot be had.
    """
    written = load_terms(settings.root)
    if written is None:
        if settings.gates.data.contract == "required":
            raise SettingsError(
                f"there is no {FILE}, and [gates.data] contract is required",
                where=str(settings.root),
                fix=f"bring it back (git checkout {FILE}), or write it: mooring contract infer",
            )
        return None
    return in_force(settings, written)


def in_force(settings: Settings, written: Written) -> InForce:
    """A contract with the datasets and checks that it names."""
    terms = written.terms
    tables = {name: read_table(source, settings.root) for name, source in terms.datasets.items()}
    checks = load_checks(settings.root, terms.checks, settings.pipeline.frame)
    return InForce(written, tables, checks)


def contract_files(settings: Settings) -> dict[str, bytes]:
    """The contract and the source of its checks, by path from the project; without importing it."""
    written = load_terms(settings.root)
    if written is None:
        return {}
    files = {FILE: written.text.encode()}
    for file in dict.fromkeys(text.partition(":")[0] for text in written.terms.checks):
        folder = Path(file).parent
        found = local_files(settings.root / folder, Path(file).name)
        files |= {(folder / path).as_posix(): data for path, data in found.items()}
    return files


def hold_rows(settings: Settings, contract: InForce, frame: pl.DataFrame, now: datetime) -> Held:
    """Rows held against a contract alone: nothing is compared with what was accepted last."""
    return hold(Case(frame, settings.data, settings.gates.data), contract, now=now)


def propose_contract(settings: Settings, now: datetime) -> Proposal:
    """The contract that the project's data would give, with what the present one had chosen.

    What cannot be inferred stays as it is in ``contract.toml``: relations, checks, datasets,
    severities and tolerances.

    Raises
    ------
    DataError
        When there is not a row to infer from.
    """
    data = settings.data
    whole = read_table(data.source, settings.root, data.types)
    frame = recent_rows(whole, data)
    if not frame.height:
        raise DataError("there are no rows to infer a contract from", where=data.source)
    case = Case(frame, data, settings.gates.data)
    inferred = infer_terms(case, now, parse_duration(data.label_delay).total_seconds())
    present = load_terms(settings.root)
    terms = inferred.terms if present is None else _chosen(inferred.terms, present.terms)
    header = (
        f"What the rows of {settings.project.name} must meet. From: mooring contract infer.",
        "Read it, change it, keep it in Git; what is left out is not judged. Ranges are wide, so",
        "that no season stops a run: you know the column, write what it can be.",
        "mooring contract check   holds the data against it",
        "mooring contract diff    says what the data of today would say instead",
    )
    text = to_toml(terms, header, inferred.notes)
    return Proposal(parse_terms(text), digest_table(whole).digest, frame.height)


def contract_at(settings: Settings, revision: str) -> Written:
    """The project's contract in a Git revision.

    Raises
    ------
    UsageError
        When Git knows no such revision, or it has no contract.
    """
    data = file_at(settings.root, revision, FILE)
    if data is None:
        raise UsageError(
            f"Git has no {FILE} in {revision!r}",
            where=str(settings.root),
            fix="name a revision that has one: git log -- contract.toml",
        )
    return parse_terms(data.decode(errors="replace"), f"{FILE} in {revision}")


def _chosen(inferred: Terms, present: Terms) -> Terms:
    """What the data says, with what a person had said."""
    columns = {
        name: _chosen_column(column, present.columns.get(name))
        for name, column in inferred.columns.items()
    }
    return msgspec.structs.replace(
        present,
        columns=columns,
        table=msgspec.structs.replace(
            inferred.table, unique=inferred.table.unique or present.table.unique
        ),
    )


def _chosen_column(inferred: ColumnTerms, present: ColumnTerms | None) -> ColumnTerms:
    if present is None:
        return inferred
    return msgspec.structs.replace(
        inferred,
        severity=present.severity,
        serving=present.serving,
        tolerance=present.tolerance if _is_bounded(inferred) else None,
        max_age=present.max_age or inferred.max_age,
    )


def _is_bounded(column: ColumnTerms) -> bool:
    return (column.min, column.max, column.categories) != (None, None, None)
