"""A contract over rows: what is found, and which rows are taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from mooring.errors import MooringError
from mooring.gates.contract import ColumnContract, Contract, missing_count, type_of
from mooring.gates.data import schema
from mooring.gates.data.case import Case
from mooring.gates.data.finding import Finding, did_you_mean, examples_of, quoted, share
from mooring.gates.terms.checks import check_rules
from mooring.gates.terms.model import FILE
from mooring.gates.terms.rules import row_rules
from mooring.gates.terms.taking import left_by, places, rows_labelled, too_many
from mooring.gates.terms.whole import fresh_enough, volume

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mooring.gates.data.finding import Severity
    from mooring.gates.terms.checks import Check
    from mooring.gates.terms.model import Terms
    from mooring.gates.terms.reading import Written
    from mooring.gates.terms.rules import Rule

_FOUND = {
    "missing": "missing",
    "range": "outside",
    "categories": "others",
    "unique": "again",
    "monotone": "earlier than one before",
    "relation": "where it does not hold",
    "check": "that do not pass",
}


@dataclass(frozen=True, slots=True)
class InForce:
    """A contract with what it refers to.

    Parameters
    ----------
    written : Written
    tables : mapping of str to polars.DataFrame
        The datasets of its relations.
    checks : tuple of Check
        Its checks, loaded.
    """

    written: Written
    tables: Mapping[str, pl.DataFrame]
    checks: tuple[Check, ...] = ()

    @property
    def terms(self) -> Terms:
        """What it says."""
        return self.written.terms


@dataclass(frozen=True, slots=True)
class Held:
    """Rows after they were held against a contract.

    Parameters
    ----------
    findings : tuple of Finding
    kept : polars.DataFrame
        The rows to go on with, in their order.
    taken : polars.DataFrame or None
        Those taken out, with the columns ``RULE`` and ``ROW``; None when there are none.
    """

    findings: tuple[Finding, ...]
    kept: pl.DataFrame
    taken: pl.DataFrame | None = None

    @property
    def outcome(self) -> Literal["pass", "fail"]:
        """Whether the contract alone lets the rows pass."""
        stops = any(finding.severity == "stop" for finding in self.findings)
        return "fail" if stops else "pass"


def hold(
    case: Case, contract: InForce, *, now: datetime | None = None, newer: pl.Series | None = None
) -> Held:
    """Holds rows against a contract.

    Rules that quarantine go first, over all rows; the others see the rows that are left, so that a
    row that is out cannot stop the run.

    Parameters
    ----------
    case : Case
        Rows, and what the project says of them.
    contract : InForce
    now : datetime, optional
        For freshness; the ages of instants are not judged when absent.
    newer : polars.Series of bool, optional
        Which rows are new. A share that may break a rule is one of all rows and of the new ones,
        so that old rows do not dilute a new fault.

    Returns
    -------
    Held
    """
    frame, terms = case.frame, contract.terms
    rules = [*row_rules(terms, contract.tables), *check_rules(contract.checks, terms.checks)]
    taken, findings = _quarantine(case, [r for r in rules if r.severity == "quarantine"])
    stay = None if taken is None else ~places(taken, frame.height)
    kept = frame if taken is None else left_by(frame, taken)
    if newer is not None and stay is not None:
        newer = newer.filter(stay)
    rest = replace(case, frame=kept)
    findings += _of_table(rest, terms, now)
    if frame.height:
        for rule in rules:
            if rule.severity != "quarantine":
                findings += _held_by(rule, rest, newer)
    return Held(tuple(findings), kept, taken)


def _of_table(case: Case, terms: Terms, now: datetime | None) -> Iterator[Finding]:
    """The rules about the table as a whole."""
    yield from _columns(case, terms)
    yield from volume(case.frame.height, terms)
    if now is not None:
        yield from fresh_enough(case.frame, terms, now)


def _columns(case: Case, terms: Terms) -> Iterator[Finding]:
    """Columns and their types; one that nobody wrote down is told of."""
    frame = case.frame
    for name, column in terms.columns.items():
        if name not in frame.columns:
            yield Finding(
                name,
                "columns",
                terms.severity_of("columns"),
                f"a column of type {column.type}, as {FILE} says",
                "no such column",
                frame.height,
                cure=did_you_mean(name, [c for c in frame.columns if c not in terms.columns]),
            )
    declared, now = _as_accepted(terms, case), _as_found(frame, case)
    for finding in schema.changed_types(case, declared, now):
        stops = finding.severity == "stop"
        severity = terms.severity_of("type", finding.column) if stops else finding.severity
        yield replace(
            finding,
            rule="type",
            severity=severity,
            expected=f"{finding.expected}, as {FILE} says",
        )
    yield from schema.extra_columns(case, declared, now)


def _as_accepted(terms: Terms, case: Case) -> Contract:
    """The columns and types of a contract, as the rules of the schema compare them."""
    columns = (
        ColumnContract(name, terms.columns[name].type, nullable=True, null_rate=0.0)
        for name in terms.columns
    )
    return Contract(tuple(columns), 0, case.data.target, case.data.time)


def _as_found(frame: pl.DataFrame, case: Case) -> Contract:
    columns = []
    for series in frame.iter_columns():
        missing = missing_count(series)
        rate = missing / series.len() if series.len() else 0.0
        columns.append(ColumnContract(series.name, type_of(series.dtype), missing > 0, rate))
    return Contract(tuple(columns), frame.height, case.data.target, case.data.time)


def _quarantine(case: Case, rules: Sequence[Rule]) -> tuple[pl.DataFrame | None, list[Finding]]:
    """The rows that the rules take out, and what is said of it."""
    findings: list[Finding] = []
    caught: list[tuple[Rule, pl.Series]] = []
    for rule in rules:
        mask = _ask(rule, case.frame)
        if isinstance(mask, Finding):
            findings.append(mask)
        elif mask is False:
            findings.append(_broken(rule, case.frame.height))
        elif mask is not True and _takes(rule, mask):
            caught.append((rule, mask))
            findings.append(_finding(rule, case, mask, "quarantine"))
    if not caught:
        return None, findings
    taken = rows_labelled(case.frame, ((rule.label, mask) for rule, mask in caught))
    beyond = too_many(taken.height, case.frame.height, case.rules.max_quarantined)
    return taken, findings if beyond is None else [*findings, beyond]


def _takes(rule: Rule, mask: pl.Series) -> bool:
    """Whether a rule takes its rows out; missing values only once they are too many."""
    rows = int(mask.sum())
    return rows > (rule.allowed * mask.len() if rule.name == "missing" else 0)


def _held_by(rule: Rule, case: Case, newer: pl.Series | None) -> Iterator[Finding]:
    """What one rule that stops or warns finds."""
    severity: Severity = rule.severity
    mask = _ask(rule, case.frame)
    if isinstance(mask, Finding):
        yield mask
    elif mask is False:
        yield _broken(rule, case.frame.height, severity)
    elif mask is not True:
        rows, where = _beyond(rule, case, mask, newer)
        if rows is not None:
            yield _finding(rule, case, rows, severity, where)


def _beyond(
    rule: Rule, case: Case, mask: pl.Series, newer: pl.Series | None
) -> tuple[pl.Series | None, str]:
    """The mask when more rows than allowed break a rule: of all of them, or of the new ones."""
    if int(mask.sum()) > rule.allowed * mask.len():
        return mask, ""
    if newer is None or not rule.allowed:
        return None, ""
    count, among = int((mask & newer).sum()), int(newer.sum())
    if among >= case.rules.min_rows and count > rule.allowed * among:
        return mask & newer, f" among the {among:,} rows that are new ({share(count / among)})"
    return None, ""


def _ask(rule: Rule, frame: pl.DataFrame) -> pl.Series | bool | Finding:
    """The rows that break a rule; a finding that stops where it cannot tell (P3)."""
    absent = [name for name in rule.columns if name and name not in frame.columns]
    if absent:
        why = f"nothing, as there is no column {absent[0]!r}"
    else:
        try:
            return rule.catch(frame)
        except MooringError as error:
            place = f", {error.where}" if error.where else ""
            why = f"that it cannot be evaluated: {error.what}{place}"
        except pl.exceptions.PolarsError as error:
            why = f"that it cannot be evaluated: {quoted(str(error))}"
    told: Severity = "warn" if absent and rule.severity == "warn" else "stop"
    return Finding(
        rule.columns[0], rule.name, told, _expected(rule), why, frame.height, cure=rule.cure
    )


def _broken(rule: Rule, rows: int, severity: Severity = "stop") -> Finding:
    """A rule that is broken without a row to name, so that there is nothing to take out."""
    said = "that they do not"
    return Finding(
        rule.columns[0], rule.name, severity, _expected(rule), said, rows, cure=rule.cure
    )


def _finding(
    rule: Rule, case: Case, mask: pl.Series, severity: Severity, where: str = ""
) -> Finding:
    rows = int(mask.sum())
    out = ": taken out" if severity == "quarantine" else ""
    return Finding(
        rule.columns[0],
        rule.name,
        severity,
        _expected(rule),
        f"{share(rows / mask.len())} {_FOUND[rule.name]}{where}{out}",
        rows,
        _examples(rule, case, mask),
        rule.cure,
    )


def _expected(rule: Rule) -> str:
    return f"{rule.expected}, as {FILE} says"


def _examples(rule: Rule, case: Case, mask: pl.Series) -> tuple[str, ...]:
    """Values that break a rule; none of keys and excluded columns, none where all are missing."""
    shown = [name for name in rule.columns if name and name not in case.hidden]
    if not shown or rule.name == "missing":
        return ()
    bad = case.frame.select(shown).filter(mask)
    if len(shown) == 1:
        counted = bad.to_series().drop_nulls().value_counts(name="mooring_count", sort=False)
        best = counted.sort("mooring_count", shown[0], descending=[True, False]).head(3)
        return examples_of(best[shown[0]])
    rows = bad.unique(maintain_order=True).head(3).rows()
    return tuple(
        " and ".join(f"{name} {quoted(value)}" for name, value in zip(shown, row, strict=True))
        for row in rows
    )
