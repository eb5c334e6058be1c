"""The small language of relations: comparisons of columns and constants. Nothing is evaluated.

::

    relation    = comparison | reference
    comparison  = sum operator sum { operator sum }     start <= end <= start + 3d
    operator    = "<" | "<=" | ">" | ">=" | "==" | "!="
    sum         = ["-"] product { ("+" | "-") product }
    product     = operand { "*" operand }
    operand     = column | number | 'text' | 2026-01-31 | 2026-01-31T09:00 | 90m | true | false
    reference   = column "in" dataset "." column         station in stations.id
    column      = a name, or anything between backticks
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from mooring.clock import parse_duration
from mooring.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 500
OPERATORS = ("<=", ">=", "==", "!=", "<", ">")
Constant = float | int | str | bool | datetime | timedelta

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<instant>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?)
    |(?P<span>\d+[smhdw])(?!\w)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?!\w)
    |(?P<text>"[^"]*"|'[^']*')
    |`(?P<quoted>[^`]+)`
    |(?P<name>[^\W\d]\w*)
    |(?P<sign><=|>=|==|!=|[<>+*.-])
    )""",
    re.VERBOSE,
)
_END = ("end", "")
Token = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table by its name."""

    name: str


Operand = Column | Constant


@dataclass(frozen=True, slots=True)
class Product:
    """Operands multiplied; ``negative`` when it is taken away."""

    operands: tuple[Operand, ...]
    negative: bool = False


Sum = tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sums with an operator between each and the next."""

    sides: tuple[Sum, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: every value of the column is in the other dataset's column."""

    column: str
    dataset: str
    key: str


Relation = Comparison | Reference


def parse_relation(text: str) -> Relation:
    """A relation as a value; in time linear in its length.

    Raises
    ------
    UsageError
        Naming the place in the text, counted from 1.

    Examples
    --------
    >>> parse_relation("end >= start").operators
    ('>=',)
    >>> parse_relation("station in stations.id")
    Reference(column='station', dataset='stations', key='id')
    """
    if len(text) > LONGEST:
        raise UsageError(f"a relation of {len(text)} characters", fix=f"{LONGEST} are the most")
    return _Reader(text).relation()


def columns_of(relation: Relation) -> tuple[str, ...]:
    """The columns of the table that a relation speaks of, each once, in its order."""
    if isinstance(relation, Reference):
        return (relation.column,)
    operands = (o for side in relation.sides for product in side for o in product.operands)
    return tuple(dict.fromkeys(o.name for o in operands if isinstance(o, Column)))


class _Reader:
    """Goes through the tokens of a relation once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: list[int] = []
        self._tokens = list(self._split())
        self._next = 0

    def relation(self) -> Relation:
        first = self._sum()
        if self._peek() == ("name", "in"):
            return self._reference(first)
        sides, operators = [first], []
        while self._peek()[1] in OPERATORS and self._peek()[0] == "sign":
            operators.append(self._take()[1])
            sides.append(self._sum())
        if not operators:
            self._refuse("compares nothing here")
        self._finish()
        comparison = Comparison(tuple(sides), tuple(operators))
        if not columns_of(comparison):
            raise UsageError("it names no column", where=self._text, fix="write: end >= start")
        return comparison

    def _reference(self, first: Sum) -> Reference:
        only = first[0].operands[0]
        if first != (Product((only,)),) or not isinstance(only, Column):
            self._refuse("only a column by itself can be in a dataset")
        self._take()
        dataset = self._name("the name of a dataset")
        if self._take() != ("sign", "."):
            self._next -= 1
            self._refuse("expected a dot and a column after the dataset")
        key = self._name("a column of the dataset")
        self._finish()
        return Reference(only.name, dataset, key)

    def _sum(self) -> Sum:
        products = []
        negative = self._peek() == ("sign", "-")
        if negative:
            self._take()
        products.append(self._product(negative=negative))
        while self._peek() in {("sign", "+"), ("sign", "-")}:
            products.append(self._product(negative=self._take()[1] == "-"))
        return tuple(products)

    def _product(self, *, negative: bool) -> Product:
        operands = [self._operand()]
        while self._peek() == ("sign", "*"):
            self._take()
            operands.append(self._operand())
        return Product(tuple(operands), negative)

    def _operand(self) -> Operand:
        kind, text = self._take()
        if kind == "name" and text in {"true", "false"}:
            return text == "true"
        if kind in {"name", "quoted"}:
            return Column(text)
        try:
            return _constant(kind, text)
        except ValueError:
            self._next -= 1
            self._refuse("expected a column or a constant")

    def _name(self, what: str) -> str:
        kind, text = self._take()
        if kind not in {"name", "quoted"}:
            self._next -= 1
            self._refuse(f"expected {what}")
        return text

    def _finish(self) -> None:
        if self._peek() != _END:
            self._refuse("expected nothing more")

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _split(self) -> Iterator[Token]:
        place = 0
        end = len(self._text.rstrip())
        while place < end:
            found = _TOKEN.match(self._text, place)
            if found is None or found.lastgroup is None:
                rest = self._text[place:].lstrip()
                equals = rest.startswith("=")
                self._say("write == to compare" if equals else f"what is {rest[:1]!r}?", place)
            self._places.append(found.start(found.lastgroup))
            yield found.lastgroup, found[found.lastgroup]
            place = found.end()
        self._places += [end, end]
        yield from (_END, _END)

    def _refuse(self, what: str) -> NoReturn:
        self._say(what, self._places[self._next])

    def _say(self, what: str, place: int) -> NoReturn:
        raise UsageError(
            what,
            where=f"character {place + 1} of {self._text!r}",
            fix="compare columns and constants: end >= start, a + b == total, "
            "station in stations.id",
        )


def _constant(kind: str, text: str) -> Constant:
    """The value of a constant; ValueError for what is none."""
    if kind == "number":
        return int(text) if text.isdigit() else float(text)
    if kind == "text":
        return text[1:-1]
    if kind == "instant":
        return datetime.fromisoformat(text)  # naive, as columns are brought to: UTC
    if kind == "span":
        return parse_duration(text)
    raise ValueError(kind)
