"""What the contract of a model version says about the values of one request (FD-58)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from mooring.errors import DataError, RequestError
from mooring.gates.data.finding import number, quoted
from mooring.gates.terms.cells import breaks
from mooring.gates.terms.model import FILE
from mooring.gates.terms.relation import Reference, columns_of, parse_relation
from mooring.serving.columns import MISSING, shown

if TYPE_CHECKING:
    from mooring.gates.terms.keys import Keys
    from mooring.gates.terms.model import TableSeverity, Terms
    from mooring.serving.requests import Fields, TypedRows

Outside = Mapping[tuple[str, str], int]
"""How many rows broke a rule, by field and rule; the request was answered all the same."""
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What one field may hold.

    Parameters
    ----------
    severity : "stop" or "warn"
        Whether a value beyond it is refused, or answered and counted.
    low, high : float or None
    categories : frozenset or None
    """

    severity: TableSeverity
    low: float | None = None
    high: float | None = None
    categories: frozenset[object] | None = None

    @property
    def rule(self) -> str:
        """The rule's name, as in the contract."""
        return "range" if self.categories is None else "categories"

    def beyond(self, values: Sequence[object]) -> list[int]:
        """The places of the values that are beyond the limits; a missing value never is."""
        if self.categories is not None:
            return [i for i, v in enumerate(values) if not _none(v) and v not in self.categories]
        low = float("-inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        return [
            i for i, v in enumerate(values) if isinstance(v, int | float) and not low <= v <= high
        ]

    def __str__(self) -> str:
        if self.categories is not None:
            known = sorted(self.categories, key=str)
            more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
            return f"one of {', '.join(map(quoted, known[:_LISTED]))}{more}"
        if self.low is None:
            return f"at most {number(self.high or 0.0)}"
        return (
            f"at least {number(self.low)}"
            if self.high is None
            else f"{number(self.low)} to {number(self.high)}"
        )


@dataclass(frozen=True, slots=True)
class RowRule:
    """A relation that each row of a request must meet.

    Parameters
    ----------
    text : str
        As the contract has it.
    columns : tuple of str
        Whose values ``broken`` is asked about.
    severity : "stop" or "warn"
    broken : callable
        From the values of one row to whether they break it.
    """

    text: str
    columns: tuple[str, ...]
    severity: TableSeverity
    broken: Callable[[Sequence[Any]], bool]

    def beyond(self, rows: TypedRows) -> list[int]:
        """The places of the rows that break it."""
        nothing = [None] * rows.rows
        values = (rows.columns.get(name, nothing) for name in self.columns)
        known = ([None if v is MISSING else v for v in column] for column in values)
        return [i for i, row in enumerate(zip(*known, strict=True)) if self.broken(row)]


@dataclass(frozen=True, slots=True)
class Domain:
    """What holds for requests; nothing without a ``contract.toml``.

    Parameters
    ----------
    limits : mapping of str to Limits
        Of each field that has any.
    relations : tuple of RowRule
    unasked : mapping of str to str
        The relations and checks that requests are not held against, and why.
    """

    limits: Mapping[str, Limits] = field(default_factory=dict)
    relations: tuple[RowRule, ...] = ()
    unasked: Mapping[str, str] = field(default_factory=dict)


def domain_of(terms: Terms, fields: Fields, keys: Keys) -> Domain:
    """What the contract of a model version says to requests.

    Parameters
    ----------
    terms : Terms
    fields : Fields
        What a request may hold: a relation with another column is not asked.
    keys : mapping
        The keys of other datasets that the version carries.
    """
    rules = {text: _row_rule(text, terms, fields, keys) for text in terms.relations}
    unasked = {text: why for text, why in rules.items() if isinstance(why, str)}
    unasked |= dict.fromkeys(terms.checks, "a check may need the whole table")
    relations = tuple(rule for rule in rules.values() if isinstance(rule, RowRule))
    return Domain(_limits(terms), relations, unasked)


def _row_rule(text: str, terms: Terms, fields: Fields, keys: Keys) -> RowRule | str:
    """A relation for requests, or why there is none."""
    relation = parse_relation(text)
    names, foreign = columns_of(relation), isinstance(relation, Reference)
    apart = [name for name in names if name not in fields.columns]
    if apart:
        return f"{apart[0]!r} is no field of a request"
    if foreign and text not in keys:
        return "the version does not carry the keys: too many, or of another type"
    default = terms.serving.reference if foreign else terms.serving.relation
    severity: TableSeverity = "warn" if terms.relations[text] == "warn" else default
    types = {name: fields.columns[name].type for name in names}
    try:
        broken = breaks(relation, types, keys.get(text, ()))
    except DataError as error:  # the gate has said so of the training data
        return error.what
    return RowRule(text, names, severity, broken)


def _limits(terms: Terms) -> dict[str, Limits]:
    found: dict[str, Limits] = {}
    for name, column in terms.columns.items():
        if column.categories is not None:
            severity = column.serving or terms.serving.categories
            found[name] = Limits(severity, categories=frozenset(column.categories))
        elif (column.min, column.max) != (None, None):
            found[name] = Limits(column.serving or terms.serving.range, column.min, column.max)
    return found


def check_domain(rows: TypedRows, domain: Domain, numbers: Sequence[int]) -> Outside:
    """Refuses rows that break a rule that stops, and counts those that break one that warns.

    Parameters
    ----------
    rows : TypedRows
    domain : Domain
    numbers : sequence of int, shape (n,)
        The number of each row within the request, for messages.

    Raises
    ------
    RequestError
        Of kind ``contract``, naming the field, the row, the value and what was expected.
    """
    outside: dict[tuple[str, str], int] = {}
    for name, limits in domain.limits.items():
        beyond = limits.beyond(rows.columns.get(name, ()))
        if beyond and limits.severity == "stop":
            said = shown(rows.columns[name][beyond[0]])
            raise _refusal(f"{name}: expected {limits}", name, said, [numbers[i] for i in beyond])
        if beyond:
            outside[name, limits.rule] = len(beyond)
    for rule in domain.relations:
        beyond = rule.beyond(rows)
        if beyond and rule.severity == "stop":
            said = " and ".join(_values(rows, rule.columns, beyond[0]))
            bad = [numbers[i] for i in beyond]
            raise _refusal(f"expected {rule.text}", rule.columns[0], said, bad)
        if beyond:
            outside[rule.columns[0], rule.text] = len(beyond)
    return outside


def _refusal(what: str, name: str, said: str, numbers: Sequence[int]) -> RequestError:
    more = f", and {len(numbers) - 1} rows more" if len(numbers) > 1 else ""
    return RequestError(
        what,
        field=name,
        kind="contract",
        where=f"row {numbers[0]}: {said}{more}",
        fix=f"send what the model was trained for; {FILE} says what that is",
    )


def _values(rows: TypedRows, names: Sequence[str], place: int) -> Iterator[str]:
    """The values of one row, each with its field: an instant as it was sent."""
    for name in names:
        values = rows.columns.get(name)
        value = None if values is None or values[place] is MISSING else values[place]
        yield f"{name} {value.isoformat() if isinstance(value, date) else shown(value)}"


def _none(value: object) -> bool:
    return value is None or value is MISSING
