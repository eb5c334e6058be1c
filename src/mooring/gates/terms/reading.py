"""``contract.toml`` as terms, read as strictly as ``mooring.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from mooring.clock import parse_duration
from mooring.errors import SettingsError, UsageError
from mooring.gates.contract import INSTANTS, NUMBERS
from mooring.gates.data.finding import did_you_mean
from mooring.gates.terms.model import FILE, ColumnTerms, Terms
from mooring.gates.terms.relation import Reference, columns_of, parse_relation
from mooring.lineage.blobs import digest_bytes
from mooring.reading.logical import FROM_NAME
from mooring.settings.place import Declared
from mooring.settings.strict import convert, read_text, refuse_unknown_keys, toml_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mooring.settings.shape import Key

_OTHER_TYPE = re.compile(r"(list<|struct<).*|binary|null|object|time|duration")
_CHECK = re.compile(r"(?:[^\W\d][\w-]*/)*[^\W\d]\w*\.py:[^\W\d]\w*")
_CLASSED = frozenset({"string", "integer", "boolean"})


@dataclass(frozen=True, slots=True)
class Written:
    """A contract as it is written: its terms, its text, and the digest that names it."""

    terms: Terms
    text: str

    @property
    def digest(self) -> str:
        """The digest of the text, comments included: what a reviewer saw."""
        return digest_bytes(self.text.encode())


def load_terms(root: Path) -> Written | None:
    """The contract of a project; None where it has none.

    Raises
    ------
    SettingsError
        Naming the line and the nearest valid key.
    """
    try:
        text = read_text(root / FILE)
    except FileNotFoundError:
        return None
    return parse_terms(text)


def parse_terms(text: str, where: str = FILE) -> Written:
    """A contract from its text.

    Parameters
    ----------
    text : str
    where : str
        Where it stands, for messages: the file, or a model version's.

    Raises
    ------
    SettingsError
        For an unknown key, a value of the wrong type, or a rule that could never apply.

    Examples
    --------
    >>> parse_terms('[columns.temp]\\ntype = "float"\\nmin = 0').terms.columns["temp"].min
    0.0
    """
    declared = Declared(text, toml_values(text, where, where), file=where)
    refuse_unknown_keys(declared, Terms)
    terms = convert(declared, Terms)
    for key, what, fix in _senseless(terms):
        raise SettingsError(what, where=declared.place(key), fix=fix)
    return Written(terms, text)


Senseless = tuple["Key", str, str]


def _senseless(terms: Terms) -> Iterator[Senseless]:
    """What is of the right type and still makes no sense: the key, why, and the cure."""
    for name, column in terms.columns.items():
        for key, why, fix in _of_column(column):
            yield ("columns", name, key), f"column {name!r}: {why}", fix
    least, most = terms.table.min_rows, terms.table.max_rows
    if least is not None and most is not None and least > most:
        yield ("table", "min_rows"), f"no table has {least:,} rows and at most {most:,}", ""
    for names in terms.table.unique:
        yield from _unknown(("table", "unique"), names, terms)
    for text in terms.relations:
        yield from _of_relation(text, terms)
    for text in terms.checks:
        if not _CHECK.fullmatch(text):
            fix = 'write the file and the name in it: "checks.py:schema"'
            yield ("checks", text), f"{text!r} names no check", fix


def _of_column(column: ColumnTerms) -> Iterator[tuple[str, str, str]]:
    kind = column.type
    if kind not in FROM_NAME and not _OTHER_TYPE.fullmatch(kind):
        yield "type", f"there is no type {kind!r}", did_you_mean(kind, FROM_NAME)
    yield from _of_range(column)
    yield from _of_categories(column)
    if column.tolerance is not None and column.categories is None and not has_range(column):
        yield "tolerance", "there is neither a range nor categories to tolerate from", ""
    if column.max_age is None:
        return
    if kind not in INSTANTS:
        yield "max_age", f"only dates and instants have an age, and its type is {kind}", ""
    try:
        parse_duration(column.max_age)
    except UsageError as error:
        yield "max_age", error.what, error.fix


def _of_range(column: ColumnTerms) -> Iterator[tuple[str, str, str]]:
    for key, bound in (("min", column.min), ("max", column.max)):
        if bound is not None and column.type not in NUMBERS:
            fix = "write a relation instead: `at >= 2026-01-01`"
            yield key, f"a range is of numbers, and its type is {column.type}", fix
        if bound is not None and not isfinite(bound):
            yield key, f"{bound} is no bound", "leave it out where there is none"
    if column.min is not None and column.max is not None and column.min > column.max:
        yield "min", "min is above max", "swap them"


def _of_categories(column: ColumnTerms) -> Iterator[tuple[str, str, str]]:
    if column.categories is None:
        return
    if column.type not in _CLASSED:
        yield "categories", f"a column of type {column.type} has none", "give it a range instead"
        return
    wanted = {"string": str, "integer": int, "boolean": bool}[column.type]
    odd = [one for one in column.categories if type(one) is not wanted]
    if odd:
        yield "categories", f"{odd[0]!r} is not of type {column.type}", ""
    if has_range(column):
        yield "categories", "it has a range as well", "keep one of the two"


def _of_relation(text: str, terms: Terms) -> Iterator[Senseless]:
    key = ("relations", text)
    try:
        relation = parse_relation(text)
    except UsageError as error:
        yield key, f"relation {text!r}: {error.what}, {error.where}", error.fix
        return
    yield from _unknown(key, columns_of(relation), terms)
    if isinstance(relation, Reference) and relation.dataset not in terms.datasets:
        known = ", ".join(sorted(terms.datasets))
        yield (
            key,
            f"relation {text!r}: there is no dataset {relation.dataset!r}",
            f"the datasets are {known}"
            if known
            else f'say where it is: [datasets] {relation.dataset} = "{relation.dataset}.parquet"',
        )


def _unknown(key: Key, names: Iterable[str], terms: Terms) -> Iterator[Senseless]:
    """A rule about a column that the contract does not have would match nothing."""
    for name in names:
        if name not in terms.columns:
            yield key, f"there is no column {name!r}", did_you_mean(name, terms.columns)


def has_range(column: ColumnTerms) -> bool:
    """Whether a column's values have a least or a most."""
    return column.min is not None or column.max is not None
