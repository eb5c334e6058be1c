"""Typing the rows of a request by the contract of the model version that answers.

Names bind columns, never positions; every row is checked before any is predicted (FD-07, FD-58).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mooring.errors import ArtifactError, RequestError
from mooring.serving.columns import MAX_PROBLEMS, MISSING, Problem, from_text, type_column

if TYPE_CHECKING:
    from polars.expr.string import ExprStringNameSpace

    from mooring.gates.contract import ColumnContract, Contract

_encode = msgspec.json.Encoder(order="sorted").encode
_DTYPES: Mapping[str, pl.DataType] = {
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "string": pl.String(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
}
_LISTED = 20
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a request as the caller wrote them.

    Parameters
    ----------
    columns : Mapping[str, sequence]
        Values by field, each of length ``rows``; ``MISSING`` where a record lacks the field.
    rows : int
    textual : bool
        True for CSV, whose numbers and booleans are text.
    """

    columns: Mapping[str, Sequence[object]]
    rows: int
    textual: bool = False

    def take(self, indices: Sequence[int]) -> Table:
        """The rows at those places."""
        picked = {name: [v[i] for i in indices] for name, v in self.columns.items()}
        return Table(picked, len(indices), self.textual)

    def without(self, name: str) -> Table:
        """The same rows without one field."""
        kept = {n: values for n, values in self.columns.items() if n != name}
        return Table(kept, self.rows, self.textual)


@dataclass(frozen=True, slots=True)
class TypedRows:
    """Rows that fit a contract: Python values by field; optional fields only where they came."""

    columns: Mapping[str, Sequence[object]]
    rows: int


@dataclass(frozen=True, slots=True)
class Fields:
    """What a request to one model version may hold.

    Parameters
    ----------
    columns : Mapping[str, ColumnContract]
        What ``features`` is given, in the order of the training columns.
    required : frozenset of str
        Those that every row must have.
    dtypes : Mapping[str, polars.DataType]
        The type each had in training, which is the type that ``features`` is given again.
    ignored : frozenset of str
        Keys and excluded columns: callers may send the rows they have. Their values reach neither
        ``features`` nor the log.
    target : str
        Refused, and by its name: whoever sends it may think that it is looked at.
    """

    columns: Mapping[str, ColumnContract]
    required: frozenset[str]
    dtypes: Mapping[str, pl.DataType]
    ignored: frozenset[str] = frozenset()
    target: str = ""


def fields_of(contract: Contract, trained: Mapping[str, pl.DataType] | None = None) -> Fields:
    """The fields that a contract asks for and allows.

    Parameters
    ----------
    contract : Contract
    trained : Mapping[str, polars.DataType], optional
        The types of the raw columns that ``features`` was given, in their order; the other columns
        of the contract are ignored. When absent, all are given, as the widest of their type.

    Raises
    ------
    ArtifactError
        When a required column is of a type that no request can carry, such as a list.
    """
    names = (*contract.inputs, *contract.optional)
    given = names if trained is None else tuple(trained)
    columns: dict[str, ColumnContract] = {}
    for name in dict.fromkeys(name for name in (*given, *contract.inputs) if name in names):
        column = contract.column(name)
        if column is not None and column.type in _DTYPES:
            columns[name] = column
        elif name in contract.inputs:
            raise ArtifactError(
                f"column {name!r} cannot be sent in a request",
                where=f"type {column.type}" if column else "not in the contract",
                fix="make features() do without it, or store it as text or numbers",
            )
    dtypes = {name: (trained or {}).get(name, _DTYPES[c.type]) for name, c in columns.items()}
    ignored = frozenset(names) - columns.keys()
    return Fields(columns, frozenset(contract.inputs), dtypes, ignored, contract.target)


def type_rows(table: Table, fields: Fields, numbers: Sequence[int] | None = None) -> TypedRows:
    """The rows of a request as the contract types them.

    Parameters
    ----------
    table : Table
    fields : Fields
        Required ones must be there, the others may be, anything else is refused.
    numbers : sequence of int, optional
        The number of each row within the request, for messages; 1, 2, 3 … when absent.

    Returns
    -------
    TypedRows

    Raises
    ------
    RequestError
        Of kind ``contract``, naming the field, the row, the value and the cure of the first
        problem, and the places of the next few.

    Examples
    --------
    ``{"temp": ["warm"]}`` for a float column raises *temp: expected float*, where *row 1: 'warm'*,
    fix *send a number*.
    """
    problems = list(_fields_that_do_not_fit(table, fields))
    rows = range(1, table.rows + 1) if numbers is None else numbers
    columns: dict[str, Sequence[object]] = {}
    for name, said in table.columns.items():
        column = fields.columns.get(name)
        if column is None or len(problems) >= MAX_PROBLEMS:
            continue
        values = from_text([str(text) for text in said], column) if table.textual else said
        typed = type_column if name in fields.required else _sparse
        columns[name], wrong = typed(name, values, column, rows)
        problems += wrong
    if problems:
        raise _refusal(problems, fields)
    return TypedRows(columns, table.rows)


def canonical_rows(rows: TypedRows) -> list[bytes]:
    """What the log keeps of each row: one JSON object, fields sorted, instants as ISO 8601.

    Examples
    --------
    >>> canonical_rows(TypedRows({"wind": [2.0], "day": ["mon"]}, 1))
    [b'{"day":"mon","wind":2.0}']
    """
    names = tuple(rows.columns)
    if not names:
        return [b"{}"] * rows.rows
    cells = zip(*rows.columns.values(), strict=True)
    # A field that is MISSING (msgspec's UNSET) would be an error inside a dict: it is left out.
    return [
        _encode({name: v for name, v in zip(names, row, strict=True) if v is not MISSING})
        for row in cells
    ]


def frame_of(parts: Sequence[TypedRows], fields: Fields) -> pl.DataFrame:
    """The rows of several requests under each other, with every field there may be.

    An optional field that did not come is null, so that no answer depends on its neighbours.

    Raises
    ------
    RequestError
        When a value is beyond the type its column had in training, such as 300 for an Int8.

    Returns
    -------
    polars.DataFrame
        A column for each field, in the order of ``fields``; rows in the order of the parts.
    """
    series = []
    for name, column in fields.columns.items():
        values: list[object] = []
        for part in parts:
            found = part.columns.get(name)
            values.extend([None] * part.rows if found is None else found)
        if name not in fields.required:
            values = [None if value is MISSING else value for value in values]
        wide = pl.Series(name, values, dtype=_DTYPES[column.type], strict=True)
        series.append(_as_trained(wide, fields.dtypes[name]))
    return pl.DataFrame(series)


def _as_trained(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    if series.dtype == dtype:
        return series
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        series = series.dt.replace_time_zone("UTC")
    try:
        return series.cast(dtype)
    except pl.exceptions.PolarsError as error:
        raise RequestError(
            f"{series.name}: a value does not fit {dtype}, its type in training",
            field=series.name,
            kind="contract",
            fix="send values like those of the training data",
        ) from error


def inputs_frame(rows: Sequence[bytes], contract: Contract) -> pl.DataFrame:
    """Rows of the prediction log as a typed frame, by the same rules as requests.

    Parameters
    ----------
    rows : sequence of bytes, shape (n,)
        What :func:`canonical_rows` made.
    contract : Contract
        Of the model version that answered them. Fields it does not know are left out.

    Raises
    ------
    RequestError
        When a row does not fit the contract.
    """
    fields = fields_of(contract)
    types = {name: column.type for name, column in fields.columns.items()}
    if not rows or not types:
        return pl.DataFrame(schema={name: _DTYPES[kind] for name, kind in types.items()})
    as_json = {n: pl.String() if kind in _FORMATS else _DTYPES[kind] for n, kind in types.items()}
    try:
        frame = pl.read_ndjson(b"\n".join(rows), schema=as_json)
        return frame.with_columns(
            _temporal(pl.col(name).str, kind) for name, kind in types.items() if kind in _FORMATS
        )
    except pl.exceptions.PolarsError:
        return _slowly(rows, fields)


_FORMATS: Mapping[str, str] = {
    "date": "%Y-%m-%d",
    "datetime": "%Y-%m-%dT%H:%M:%S%.f",
}
"""How instants stand in a canonical row."""


def _temporal(text: ExprStringNameSpace, kind: str) -> pl.Expr:
    if kind == "date":
        return text.to_date(_FORMATS[kind])
    return text.to_datetime(_FORMATS[kind], time_unit="us")


def _slowly(rows: Sequence[bytes], fields: Fields) -> pl.DataFrame:
    """The same by way of the checks of a request, which say what does not fit and where."""
    records = msgspec.json.decode(b"[" + b",".join(rows) + b"]", type=list[dict[str, object]])
    columns = {name: [r.get(name, MISSING) for r in records] for name in fields.columns}
    return frame_of([type_rows(Table(columns, len(records)), fields)], fields)


def _sparse(
    name: str, values: Sequence[object], column: ColumnContract, rows: Sequence[int]
) -> tuple[list[object], list[Problem]]:
    """An optional field: where it is missing or null, it is not looked at."""
    there = [i for i, v in enumerate(values) if v is not MISSING and v is not None]
    typed, wrong = type_column(name, [values[i] for i in there], column, [rows[i] for i in there])
    cells = list(values)
    for i, value in zip(there, typed, strict=False):
        cells[i] = value
    return cells, wrong


def _fields_that_do_not_fit(table: Table, fields: Fields) -> Iterator[Problem]:
    for name in fields.columns:
        if name in fields.required and name not in table.columns:
            yield Problem(name, None, "is missing", f"add the field {name!r} to every row")
    for name in table.columns:
        if name in fields.columns or name in fields.ignored:
            continue
        if name == fields.target:
            yield Problem(name, None, "is what the model predicts", "leave it out of the rows")
        else:
            near = difflib.get_close_matches(name, fields.columns, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"the fields are {_listed(fields)}"
            yield Problem(name, None, "is not a field of this model", fix)


def _listed(fields: Fields) -> str:
    listed = list(fields.columns)[:_LISTED]
    return ", ".join(listed) + (" …" if len(fields.columns) > _LISTED else "")


def _refusal(problems: list[Problem], fields: Fields) -> RequestError:
    first, *others = problems[:MAX_PROBLEMS]
    what = f"{_short(first.field)} {first.what}"
    if first.row is not None:
        what = f"{_short(first.field)}: expected {fields.columns[first.field].type}"
    places = [f"{_short(problem.field)} {problem}" for problem in others]
    where = "; ".join([str(first), *places] if first.row is not None else places)
    return RequestError(what, field=first.field, kind="contract", where=where, fix=first.fix)


def _short(field: str) -> str:
    return field if len(field) <= _SHOWN else field[:_SHOWN] + "…"
