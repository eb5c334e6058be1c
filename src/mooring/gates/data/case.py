"""What is judged, and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mooring.gates.contract import INSTANTS, Contract, as_numbers, infer_contract, type_of
from mooring.gates.data.finding import instant
from mooring.profiling.counting.making import profile
from mooring.profiling.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mooring.gates.contract import Class, ColumnContract
    from mooring.gates.data.past import Past
    from mooring.settings.model import Data, DataGate


_WEEK = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Case:
    """Some rows, and what the project says of them.

    Parameters
    ----------
    frame : polars.DataFrame
    data : Data
        What each column is for.
    rules : DataGate
    """

    frame: pl.DataFrame
    data: Data
    rules: DataGate

    @property
    def hidden(self) -> frozenset[str]:
        """Keys and excluded columns: they must exist, but what they hold is not judged."""
        return frozenset((*self.data.keys, *self.data.exclude))

    @property
    def features(self) -> tuple[str, ...]:
        """Columns that reach ``features``; the time is one of them."""
        apart = {self.data.target, *self.hidden}
        return tuple(name for name in self.frame.columns if name not in apart)

    @property
    def judged(self) -> tuple[str, ...]:
        """Columns whose values are compared: features and target, without the time."""
        apart = self.hidden - {self.data.target} | {self.data.time}
        return tuple(name for name in self.frame.columns if name not in apart)

    @property
    def target(self) -> pl.Series | None:
        """The column to predict, or None when there is none of that name."""
        name = self.data.target
        return self.frame.get_column(name) if name in self.frame.columns else None

    @property
    def time(self) -> str | None:
        """The column of instants, when there is one that can be used."""
        name, schema = self.data.time, self.frame.schema
        return name if name and name in schema and type_of(schema[name]) in INSTANTS else None

    def follows_time(self, name: str) -> bool:
        """Whether a column says no more than when: a month, a year, a counter.

        From one instant to the next its values only grow, apart from turns such as December to
        January: at most one in four weeks, and in one of twenty instants.
        """
        if self.time is None or not self.frame.schema[name].is_numeric():
            return False
        value = pl.col(name).cast(pl.Float64).fill_nan(None)
        rows = self.frame.select(at=self.time, value=value).drop_nulls()
        spans = rows.group_by("at").agg(low=pl.min("value"), high=pl.max("value")).sort("at")
        low, high = spans["low"], spans["high"]
        if not spans.height or low.min() == high.max():
            return False
        at = as_numbers(spans["at"])
        turns = int((low < high.shift(1)).sum())
        return turns <= min(1 + float(at[-1] - at[0]) / (4 * _WEEK), spans.height / 20)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows that are judged: all of them, or those that are new.

    Parameters
    ----------
    frame : polars.DataFrame
    own : Profile
        In its own bins.
    counted : Profile or None
        In the bins of the accepted rows; None when their profile is not known.
    case : Case
        All rows.
    where : str
        Which rows these are, as the end of a sentence; empty for all of them.
    chosen : polars.Series of bool, optional
        Which of the case's rows these are; None for all of them.
    """

    frame: pl.DataFrame
    own: Profile
    counted: Profile | None
    case: Case
    where: str = ""
    chosen: pl.Series | None = None

    def among_all(self, mask: pl.Series) -> pl.Series:
        """Some of these rows, marked among all rows of the case; what is missing is not marked."""
        mask = mask.fill_null(value=False)
        if self.chosen is None:
            return mask
        places = self.chosen.arg_true().filter(mask)
        return pl.int_range(self.case.frame.height, eager=True).is_in(places.implode())


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted last."""

    contract: Contract
    profile: Profile | None
    past: Past | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A column that was accepted and is there again, holding the same kind of values."""

    accepted: ColumnContract
    now: ColumnContract


def describe_case(case: Case) -> tuple[Contract, Profile]:
    """The contract and the profile of the rows, as they would be accepted."""
    contract = infer_contract(
        case.frame,
        target=case.data.target,
        time=case.data.time,
        classes=_classes(case),
        hidden=tuple(case.hidden - {case.data.target, case.data.time}),
    )
    judged = case.frame.select(case.judged)
    return contract, profile(judged) if judged.width else Profile(judged.height)


def pairs(case: Case, accepted: Contract, now: Contract) -> Iterator[Pair]:
    """Judged columns that can be compared: the same kind of values on both sides."""
    before = {column.name: column for column in accepted.columns}
    judged = set(case.judged)
    for column in now.columns:
        known = before.get(column.name)
        if known is not None and column.name in judged and comparable(known.type, column.type):
            yield Pair(known, column)


def comparable(before: str, now: str) -> bool:
    """Whether values of these types can be held against each other."""
    numbers = {"integer", "float", "boolean"}
    same = now in {before, "null"}
    return same or {before, now} <= numbers or {before, now} <= INSTANTS


def parts(case: Case, accepted: Accepted, own: Profile) -> tuple[Part, ...]:
    """All rows; and apart from them the new ones, so that old rows do not dilute a new fault."""
    counted = _counted(case.frame, accepted.profile)
    every = Part(case.frame, own, counted, case)
    fresh = _fresh(case, accepted)
    return (every,) if fresh is None else (every, fresh)


def _fresh(case: Case, accepted: Accepted) -> Part | None:
    """Rows later than all that was accepted, when they are some and enough."""
    before = accepted.contract.column(case.time) if case.time else None
    if case.time is None or before is None or before.maximum is None:
        return None
    chosen = as_numbers(case.frame.get_column(case.time)) > before.maximum
    later = case.frame.filter(chosen)
    if not case.rules.min_rows <= later.height < case.frame.height:
        return None
    own = profile(later.select(case.judged))
    where = f" among the {later.height:,} rows after {instant(before.maximum)}"
    counted = _counted(later, accepted.profile)
    return Part(later, own, counted, case, where, chosen.fill_null(value=False))


def _counted(frame: pl.DataFrame, like: Profile | None) -> Profile | None:
    return None if like is None else profile(frame, like)


def _classes(case: Case) -> tuple[Class, ...]:
    """The classes of the target, ascending; none when they are too many to be classes."""
    if case.data.task == "regression" or case.target is None:
        return ()
    return classes_of(case.target)


MOST_CLASSES = 1000
"""More distinct labels are not written down."""


def classes_of(target: pl.Series) -> tuple[Class, ...]:
    """Distinct labels, ascending; whole floats as integers."""
    if type_of(target.dtype) not in {"integer", "float", "boolean", "string"}:
        return ()
    distinct = target.drop_nulls().unique()
    if distinct.len() > MOST_CLASSES:
        return ()
    if distinct.dtype.is_integer():
        distinct = distinct.cast(pl.Int64, strict=False).drop_nulls()
    elif distinct.dtype.is_float() or distinct.dtype.is_decimal():
        distinct = distinct.cast(pl.Float64)
        distinct = distinct.filter(distinct.is_finite())
    elif distinct.dtype != pl.Boolean:
        distinct = distinct.cast(pl.String)
    return tuple(
        int(value) if isinstance(value, float) and value.is_integer() else value
        for value in distinct.sort().to_list()
    )
