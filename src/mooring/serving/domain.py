"""What the contract of a model version says about the values of one request (FD-58)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mooring.errors import RequestError
from mooring.gates.data.finding import number, quoted
from mooring.gates.terms.model import FILE
from mooring.serving.columns import MISSING, shown

if TYPE_CHECKING:
    from mooring.gates.terms.model import TableSeverity, Terms
    from mooring.serving.requests import TypedRows

Outside = Mapping[tuple[str, str], int]
"""How many values broke a rule, by field and rule; the request was answered all the same."""
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
class Domain:
    """The limits of each field that has any; none without a ``contract.toml``."""

    limits: Mapping[str, Limits] = field(default_factory=dict)


def domain_of(terms: Terms) -> Domain:
    """The limits that the contract of a model version sets to requests."""
    found: dict[str, Limits] = {}
    for name, column in terms.columns.items():
        if column.categories is not None:
            severity = column.serving or terms.serving.categories
            found[name] = Limits(severity, categories=frozenset(column.categories))
        elif (column.min, column.max) != (None, None):
            found[name] = Limits(column.serving or terms.serving.range, column.min, column.max)
    return Domain(found)


def check_domain(rows: TypedRows, domain: Domain, numbers: Sequence[int]) -> Outside:
    """Refuses values beyond a limit that stops, and counts those beyond one that warns.

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
            value = rows.columns[name][beyond[0]]
            more = f", and {len(beyond) - 1} rows more" if len(beyond) > 1 else ""
            raise RequestError(
                f"{name}: expected {limits}",
                field=name,
                kind="contract",
                where=f"row {numbers[beyond[0]]}: {shown(value)}{more}",
                fix=f"send what the model was trained for; {FILE} says what that is",
            )
        if beyond:
            outside[name, limits.rule] = len(beyond)
    return outside


def _none(value: object) -> bool:
    return value is None or value is MISSING
