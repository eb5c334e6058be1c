"""What a contract says weighs more than what is learned from the rows that were accepted last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mooring.gates.terms.model import FILE
from mooring.gates.terms.reading import has_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mooring.gates.data.finding import Finding
    from mooring.gates.terms.model import Terms

_SAME = {"missing": "missing", "ranges": "range", "categories": "categories", "volume": "volume"}
"""A rule that is learned, and the term that says the same."""
_BASIC = frozenset({"target", "time", "declared"})


def learned_name(rule: str) -> str:
    """The rule that finds against accepted rows what a rule of the contract finds by its terms.

    Examples
    --------
    >>> learned_name("range"), learned_name("type"), learned_name("relation")
    ('ranges', 'schema', 'relation')
    """
    if rule in {"columns", "type"}:
        return "schema"
    return next((learned for learned, term in _SAME.items() if term == rule), rule)


def governed(
    learned: Iterable[Finding], held: Iterable[Finding], terms: Terms
) -> Iterator[Finding]:
    """Findings against the accepted rows, where a contract speaks of the same thing.

    What the contract lets pass is told and does not stop, unless it says of the rule itself what
    it does; what it has found itself is not told twice.

    Parameters
    ----------
    learned : iterable of Finding
        Against what was accepted last.
    held : iterable of Finding
        By the contract.
    terms : Terms
    """
    told = {(finding.column, finding.rule) for finding in held}
    for finding in learned:
        term = _term(finding, terms)
        if term is None or getattr(terms.learned, finding.rule, None) is not None:
            yield named(finding, terms)
        elif (finding.column, term) not in told:
            yield _as_warning(finding)


def named(finding: Finding, terms: Terms) -> Finding:
    """A finding with the severity that the contract gives to its rule by name.

    Rows are taken out only for what would stop the run: a storm of which the gate tells is no
    fault. Where no rows can be named, it goes on to stop.
    """
    said = getattr(terms.learned, finding.rule, None)
    if said == "quarantine" and (finding.severity != "stop" or finding.which is None):
        return finding
    return finding if said is None else replace(finding, severity=said)


def _term(finding: Finding, terms: Terms) -> str | None:
    """The term that speaks of what was found; None where the contract does not."""
    if finding.rule == "schema":
        missing = finding.found.startswith("no such column")
        return "columns" if missing else "type"
    term = _SAME.get(finding.rule)
    column = terms.columns.get(finding.column)
    if term == "volume":
        said = None not in {terms.table.min_rows, terms.table.max_rows}
    elif column is None or term is None:
        said = False
    else:
        said = {
            "missing": column.max_missing is not None,
            "range": has_range(column),
            "categories": column.categories is not None,
        }[term]
    return term if said else None


def _as_warning(finding: Finding) -> Finding:
    if finding.severity != "stop":
        return finding
    return replace(
        finding, severity="warn", cure=f"nothing, as {FILE} allows it; else say so there"
    )


def not_twice(held: Iterable[Finding], always: Iterable[Finding]) -> Iterator[Finding]:
    """What the contract found, without columns that another rule reports as missing already."""
    known = {finding.column for finding in always if finding.rule in _BASIC}
    for finding in held:
        if finding.rule != "columns" or finding.column not in known:
            yield finding
