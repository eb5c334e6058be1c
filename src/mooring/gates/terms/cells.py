"""Relations over one row in plain Python: what :mod:`expressing` says of a table, without a table.

A query over a table of one row costs some hundred microseconds, whatever it asks; these functions
cost about one, which is what a server can afford for each request.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from mooring.gates.terms.expressing import KINDS, Medium, kind_of, links_of
from mooring.gates.terms.relation import Reference, columns_of

if TYPE_CHECKING:
    from mooring.gates.terms.model import Category
    from mooring.gates.terms.relation import Constant, Relation

Row = Sequence[Any]
"""The values of one row in the order of a relation's columns; None where one is missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A value that is worked out from a row by the operators of Python.

    Parameters
    ----------
    of : callable
    places : frozenset of int
        The values of the row that it is made of. Where one is missing, so is it.
    """

    of: Callable[[Row], Any]
    places: frozenset[int] = frozenset()

    def __add__(self, other: Cell) -> Cell:
        return self._by(operator.add, other)

    def __sub__(self, other: Cell) -> Cell:
        return self._by(operator.sub, other)

    def __mul__(self, other: Cell) -> Cell:
        return self._by(operator.mul, other)

    def __lt__(self, other: Cell) -> Cell:
        return self._by(operator.lt, other)

    def __le__(self, other: Cell) -> Cell:
        return self._by(operator.le, other)

    def __gt__(self, other: Cell) -> Cell:
        return self._by(operator.gt, other)

    def __ge__(self, other: Cell) -> Cell:
        return self._by(operator.ge, other)

    def __eq__(self, other: object) -> Any:
        return self._by(operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._by(operator.ne, other)

    def __or__(self, other: Cell) -> Cell:
        return self._by(operator.or_, other)

    def __neg__(self) -> Cell:
        return self._with(operator.neg)

    def __abs__(self) -> Cell:
        return self._with(operator.abs)

    def __invert__(self) -> Cell:
        return self._with(operator.not_)

    __hash__ = None  # type: ignore[assignment]

    def _by(self, how: Callable[[Any, Any], Any], other: object) -> Cell:
        assert isinstance(other, Cell)  # noqa: S101 - the walk joins its own values only
        mine, its = self.of, other.of
        return Cell(lambda row: how(mine(row), its(row)), self.places | other.places)

    def _with(self, how: Callable[[Any], Any]) -> Cell:
        mine = self.of
        return Cell(lambda row: how(mine(row)), self.places)


def breaks(
    relation: Relation, types: Mapping[str, str], keys: Sequence[Category] = ()
) -> Callable[[Row], bool]:
    """Whether a row breaks a relation; it holds where a value in it is missing.

    Parameters
    ----------
    relation : Relation
    types : mapping of str to str
        The logical type of each of its columns.
    keys : sequence
        Of a foreign key: the values there are in the other dataset.

    Returns
    -------
    callable
        From the values of the relation's columns, in the order of ``columns_of``: numbers, texts,
        booleans, dates, instants in UTC without a zone, or None.

    Raises
    ------
    DataError
        When sides cannot be compared, such as text with a number.

    Examples
    --------
    >>> from mooring.gates.terms.relation import parse_relation
    >>> broken = breaks(parse_relation("a <= b <= 9"), {"a": "integer", "b": "float"})
    >>> broken((1, 2.0)), broken((3, 2.0)), broken((3, None))
    (False, True, False)
    """
    if isinstance(relation, Reference):
        known = frozenset(keys)
        return lambda row: row[0] is not None and row[0] not in known
    names = columns_of(relation)
    places = {name: place for place, name in enumerate(names)}
    medium = Medium[Cell](
        lambda name: (_cell(places[name], types[name]), KINDS[types[name]]),
        lambda constant: (_constant(constant), kind_of(constant)),
    )
    links = [(tuple(sorted(held.places)), held.of) for held in links_of(relation, medium)]
    return lambda row: any(_broken(row, cells, held) for cells, held in links)


def _broken(row: Row, cells: Sequence[int], held: Callable[[Row], bool]) -> bool:
    for place in cells:
        if row[place] is None:
            return False
    try:
        return not held(row)
    except OverflowError:  # swallow: beyond what numbers and calendars hold, nothing is sure (P3)
        return True


def _cell(place: int, kind: str) -> Cell:
    get = operator.itemgetter(place)
    if kind == "date":
        return Cell(lambda row: _midnight(get(row)), frozenset({place}))
    return Cell(get, frozenset({place}))


def _constant(constant: Constant) -> Cell:
    return Cell(lambda _row: constant)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as columns are: UTC, no zone
