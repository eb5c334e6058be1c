"""The shape of ``contract.toml``: one frozen struct per table, every default written here once."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

FILE = "contract.toml"

Severity = Literal["stop", "warn", "quarantine"]
"""What a breach does: stop the run, be told, or have its rows taken out."""
TableSeverity = Literal["stop", "warn"]
"""Of a rule that is about the table: there are no rows to take out."""
Category = str | int | bool
Share = Annotated[float, Meta(ge=0, le=1)]


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One table of the file: an unknown key is an error."""


class TableTerms(_Table, frozen=True):
    """What the table as a whole must meet."""

    min_rows: Annotated[int, Meta(ge=1)] | None = None
    max_rows: Annotated[int, Meta(ge=1)] | None = None
    unique: tuple[tuple[str, ...], ...] = ()
    """Columns that together name a row: no two rows agree in all of them."""


class Tolerance(_Table, frozen=True):
    """The share of the rows that may break a rule before it is broken.

    It speaks of rules that stop or warn: a rule that quarantines takes out every row it catches.
    """

    range: Share = 0.0
    categories: Share = 0.0


class Severities(_Table, frozen=True):
    """What the breach of each rule does, unless a column says otherwise."""

    columns: TableSeverity = "stop"
    """A column that is not there."""
    type: TableSeverity = "stop"
    volume: TableSeverity = "stop"
    freshness: TableSeverity = "stop"
    missing: Severity = "stop"
    range: Severity = "stop"
    categories: Severity = "stop"
    unique: Severity = "stop"
    monotone: Severity = "stop"


class LearnedSeverities(_Table, frozen=True):
    """What a fault does that is found against the rows accepted last, or in any data.

    By the name of its rule in ``gates.data`` or ``gates.split``; what is not named stops or warns
    as the rule does. Where a rule names rows, ``quarantine`` takes out those of a finding that
    would stop.
    """

    categories: Severity | None = None
    clock: TableSeverity | None = None
    distribution: TableSeverity | None = None
    duplicates: Severity | None = None
    feed: TableSeverity | None = None
    flood: Severity | None = None
    frozen: TableSeverity | None = None
    future: TableSeverity | None = None
    idle: TableSeverity | None = None
    infinite: Severity | None = None
    leak: TableSeverity | None = None
    missing: Severity | None = None
    partition: Severity | None = None
    precision: TableSeverity | None = None
    ranges: Severity | None = None
    repeated: TableSeverity | None = None
    replayed: TableSeverity | None = None
    sampling: TableSeverity | None = None
    scale: TableSeverity | None = None
    schema: TableSeverity | None = None
    swapped: TableSeverity | None = None
    volume: TableSeverity | None = None


class ColumnSeverities(_Table, frozen=True):
    """What the breach of a rule does in one column."""

    type: TableSeverity | None = None
    freshness: TableSeverity | None = None
    missing: Severity | None = None
    range: Severity | None = None
    categories: Severity | None = None
    unique: Severity | None = None
    monotone: Severity | None = None


class ServingTerms(_Table, frozen=True):
    """What one request meets: ``stop`` refuses it, ``warn`` answers it and counts it.

    A request is answered as a whole, so that a row to be quarantined is refused with the others; a
    relation that only warns does so here.
    """

    range: TableSeverity = "stop"
    categories: TableSeverity = "warn"
    relation: TableSeverity = "stop"
    reference: TableSeverity = "warn"
    """Of a relation to another dataset: a key of today may be newer than the version."""


class ColumnTerms(_Table, frozen=True):
    """What one column must meet; what is left out is not judged."""

    type: str
    max_missing: Share | None = None
    """The share of rows without a value, NaN included."""
    min: float | None = None
    max: float | None = None
    categories: tuple[Category, ...] | None = None
    tolerance: Share | None = None
    """Of its range or its categories; else ``[tolerance]``."""
    unique: bool = False
    monotone: bool = False
    """From row to row it never goes back."""
    max_age: str | None = None
    """How old its newest instant may be: ``7d``."""
    severity: ColumnSeverities = ColumnSeverities()
    serving: TableSeverity | None = None


class Terms(_Table, frozen=True):
    """Everything that stands in ``contract.toml``."""

    format: Literal[1] = 1
    table: TableTerms = TableTerms()
    tolerance: Tolerance = Tolerance()
    severity: Severities = Severities()
    learned: LearnedSeverities = LearnedSeverities()
    serving: ServingTerms = ServingTerms()
    datasets: dict[str, str] = field(default_factory=dict)
    """Other tables that relations refer to: a source by name, as ``data.source``."""
    relations: dict[str, Severity] = field(default_factory=dict)
    """Such as ``end >= start``, with what a breach does."""
    checks: dict[str, Severity] = field(default_factory=dict)
    """The project's own code, such as ``checks.py:schema``, with what a breach does."""
    columns: dict[str, ColumnTerms] = field(default_factory=dict)

    def severity_of(self, rule: str, column: str = "") -> Severity:
        """What the breach of a rule does, in a column when it has one."""
        terms = self.columns.get(column)
        own: Severity | None = None if terms is None else getattr(terms.severity, rule, None)
        default: Severity = getattr(self.severity, rule)
        return own or default

    def tolerance_of(self, rule: Literal["range", "categories"], column: str) -> float:
        """The share of rows that may break a rule in a column."""
        own = self.columns[column].tolerance
        default: float = getattr(self.tolerance, rule)
        return default if own is None else own
