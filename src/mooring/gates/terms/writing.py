"""Terms as the text of ``contract.toml``: tables in a fixed order, columns in that of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mooring.settings.toml import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mooring.gates.terms.model import ColumnTerms, ServingTerms, Severities, Terms

_EXACT = 2.0**53
_SEVERITY = """\
# What a breach does: "stop" the run, "warn", or "quarantine" the rows and go on without them
# (a missing column, a type, the volume and the freshness can only stop or warn). A column may
# say otherwise: severity = { range = "quarantine" }"""
_SERVING = """\
# What one request to the server meets: "stop" refuses it, "warn" answers it and counts it.
# A column may say otherwise: serving = "warn". A relation that only warns never refuses; reference
# is of those to other datasets, whose keys a version keeps as they were."""
_LEARNED = """\
# Faults found against the rows that were accepted last stop or warn by themselves; say otherwise
# by the rule's name: flood = "warn". The rows of categories, duplicates, flood, infinite, missing,
# partition and ranges can be named: flood = "quarantine" goes on without them."""
_RELATIONS = """\
# Yours, one a line, with what a breach does. They hold where no value is missing:
# "end >= start" = "stop"
# "casual + registered == total" = "quarantine"
# "station in stations.id" = "warn"     # with [datasets] stations = "stations.parquet\""""
_CHECKS = """\
# Your own code: a Pandera schema, or def check(frame) that returns True, or the bad rows.
# "checks.py:schema" = "stop\""""


def to_toml(
    terms: Terms, header: Sequence[str] = (), notes: Mapping[str, str] | None = None
) -> str:
    """The text of a contract; equal terms give equal texts.

    Parameters
    ----------
    terms : Terms
    header : sequence of str
        Lines of comment at the top.
    notes : mapping of str to str, optional
        A line of comment for a column.

    Examples
    --------
    >>> from mooring.gates.terms.model import ColumnTerms, Terms
    >>> text = to_toml(Terms(columns={"x": ColumnTerms(type="float", min=0)}))
    >>> print(text[text.index("[columns"):].strip())
    [columns.x]
    type = "float"
    min = 0
    """
    blocks = ["\n".join([*(f"# {line}".rstrip() for line in header), f"format = {terms.format}"])]
    blocks += _head(terms)
    for name, column in terms.columns.items():
        note = (notes or {}).get(name)
        lines = [f"[columns.{_key(name)}]", *([f"# {note}"] if note else [])]
        blocks.append("\n".join([*lines, *_column(column)]))
    return "\n\n".join(blocks) + "\n"


def _head(terms: Terms) -> Iterator[str]:
    table = msgspec.structs.asdict(terms.table)
    lines = [f"{name} = {_value(value)}" for name, value in table.items() if value]
    yield "\n".join(["[table]", *lines])
    yield _table("tolerance", msgspec.structs.asdict(terms.tolerance))
    yield f"{_SEVERITY}\n" + _table("severity", _full(terms.severity))
    learned = {k: v for k, v in msgspec.structs.asdict(terms.learned).items() if v is not None}
    yield f"{_LEARNED}\n" + _table("learned", learned)
    yield f"{_SERVING}\n" + _table("serving", _full(terms.serving))
    if terms.datasets:
        yield _table("datasets", terms.datasets)
    yield f"{_RELATIONS}\n" + _table("relations", terms.relations)
    yield f"{_CHECKS}\n" + _table("checks", terms.checks)


def _table(name: str, values: Mapping[str, object]) -> str:
    lines = (f"{_key(key)} = {_value(value)}" for key, value in values.items())
    return "\n".join([f"[{name}]", *lines])


def _full(table: Severities | ServingTerms) -> dict[str, object]:
    return msgspec.structs.asdict(table)


def _column(column: ColumnTerms) -> Iterator[str]:
    """Its keys in the order of their declaration; what is left out is not written."""
    for name, value in msgspec.structs.asdict(column).items():
        if isinstance(value, msgspec.Struct):
            said = {k: v for k, v in msgspec.structs.asdict(value).items() if v is not None}
            if said:
                inner = ", ".join(f"{k} = {_value(v)}" for k, v in said.items())
                yield f"{name} = {{ {inner} }}"
        elif value is not None and value is not False:
            yield f"{name} = {_value(value)}"


def _value(value: object) -> str:
    """A value; whole numbers without a fraction, and quotes left alone where that can be."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return toml_value(value)


def _key(name: str) -> str:
    """A key; a relation that holds texts in double quotes stays readable."""
    literal = '"' in name and not set(name) & {"'", "\\"} and name.isprintable()
    return f"'{name}'" if literal else toml_key(name)
