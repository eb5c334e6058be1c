"""The faults by their ids: where each can be put, and the rules that must name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mooring.drills import faults, places, served
from mooring.drills.judges import DATA_GATE, Judge, skew

if TYPE_CHECKING:
    from mooring.drills.faults import Fault
    from mooring.drills.places import Places


@dataclass(frozen=True, slots=True)
class Drill:
    """One fault.

    Parameters
    ----------
    id : str
        Such as ``FD-03``.
    name : str
        The fault in words.
    inject : callable
        From a delivery, the place and a seed to a broken delivery.
    places : callable
        From a delivery to the columns that it can be put into, as ``inject`` reads them.
    rules : frozenset of str
        Any of these must find it; when it is empty there is no fault, and the judge may object to
        nothing.
    judge : Judge
        Who is asked.
    """

    id: str
    name: str
    inject: Fault
    places: Places
    rules: frozenset[str]
    judge: Judge = DATA_GATE


def _drill(
    id_: str, name: str, inject: Fault, where: Places, *rules: str, judge: Judge = DATA_GATE
) -> Drill:
    return Drill(id_, name, inject, where, frozenset(rules), judge)


DRILLS: tuple[Drill, ...] = (
    _drill(
        "FD-01", "unit: \N{MULTIPLICATION SIGN}1000", faults.rescale(1000), places.measured, "scale"
    ),
    _drill("FD-01", "unit: cents", faults.rescale(100), places.measured, "scale"),
    _drill(
        "FD-01",
        "unit: \N{DEGREE SIGN}C to \N{DEGREE SIGN}F",
        faults.rescale(1.8, 32),
        places.floats,
        "scale",
    ),
    _drill("FD-01", "unit: kg to lb", faults.rescale(1 / 0.45359237), places.measured, "scale"),
    _drill(
        "FD-02", "error code -1 in 10 %", faults.write_code(-1, 0.1), places.without(-1), "flood"
    ),
    _drill(
        "FD-02",
        "error code 9999 in 5 %",
        faults.write_code(9999, 0.05),
        places.without(9999),
        "flood",
    ),
    _drill("FD-03", "2 % missing", faults.lose(0.02), places.filled, "missing"),
    _drill("FD-03", "10 % missing", faults.lose(0.1), places.filled, "missing"),
    _drill("FD-03", "all missing", faults.lose(1), places.filled, "missing"),
    _drill(
        "FD-04", "missing in one group", faults.lose_in_slice, places.sliced, "partition", "missing"
    ),
    _drill(
        "FD-05",
        "category renamed",
        faults.rename(lambda old: f"{old} (new)"),
        places.categories,
        "categories",
    ),
    _drill(
        "FD-05",
        "category in other case",
        faults.rename(faults.in_other_case),
        places.lettered,
        "categories",
    ),
    _drill(
        "FD-05",
        "category with a space",
        faults.rename(lambda old: f" {old}"),
        places.categories,
        "categories",
    ),
    _drill(
        "FD-05",
        "category re-encoded",
        faults.rename(faults.mojibake),
        places.categories,
        "categories",
    ),
    _drill("FD-05", "categories as codes", faults.as_codes, places.categories, "categories"),
    _drill("FD-06", "a category a row", faults.explode, places.categories, "categories"),
    _drill("FD-06", "every row twice", faults.deliver_twice, places.table, "duplicates"),
    _drill("FD-07", "columns swapped", faults.swap, places.pairs, "swapped"),
    _drill("FD-08", "integers with fractions", faults.add_fractions, places.integers, "schema"),
    _drill("FD-08", "numbers as text", faults.as_text, places.numbers, "schema"),
    _drill("FD-08", "column dropped", faults.drop, places.features, "schema"),
    _drill("FD-08", "column added", faults.add, places.table, "schema"),
    _drill("FD-09", "floats of 32 bits", faults.in_32_bits, places.floats, "precision"),
    _drill("FD-10", "clock 5 hours off", faults.shift_clock(5), places.clock, "clock"),
    _drill("FD-10", "clock 8 hours back", faults.shift_clock(-8), places.clock, "clock"),
    _drill("FD-10", "naive time stamps", faults.lose_zone, places.clock, "clock"),
    _drill("FD-11", "summer time: no stop", faults.shift_clock(1), places.clock),
    _drill("FD-12", "late rows", faults.come_late, places.clock, "sampling"),
    _drill("FD-13", "batch delivered again", faults.deliver_old, places.time, "duplicates"),
    _drill("FD-13", "batch under a new time", faults.replay, places.time, "replayed"),
    _drill("FD-14", "nothing new", faults.stop, places.table, "feed"),
    _drill("FD-14", "empty file", faults.empty, places.table, "rows"),
    _drill("FD-14", "feed interrupted", faults.interrupt, places.clock, "feed"),
    _drill("FD-15", "value stands still", faults.freeze, places.moving, "frozen"),
    _drill("FD-16", "half of the rows", faults.keep_some(0.5), places.clock, "sampling"),
    _drill("FD-16", "one group only", faults.keep_one_group, places.categories, "sampling"),
    _drill("FD-17", "default in 30 %", faults.default_value(0.3), places.measured, "flood"),
    _drill(
        *("FD-18", "features 6 rows late", served.late(6), served.changing(6), "stale"),
        judge=skew(6),
    ),
    _drill(
        "FD-18",
        "features once a day",
        served.refreshed_daily,
        served.several_a_day,
        "stale",
        judge=skew(),
    ),
    _drill("FD-18", "served as they are", served.unbroken, served.served, judge=skew()),
    _drill("FD-19", "one tenant broken", faults.break_in_slice, places.sliced, "partition"),
    _drill("FD-25", "one day poisoned", faults.poison_day, places.days, "partition"),
)
