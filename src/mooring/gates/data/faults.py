"""The rules that hold new rows against the days, hours and slices of the accepted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mooring.gates.contract import as_numbers
from mooring.gates.data import hours, periods, repeats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mooring.gates.contract import Contract
    from mooring.gates.data.case import Case, Part
    from mooring.gates.data.finding import Finding
    from mooring.gates.data.past import Past


def over_time(parts: Sequence[Part], accepted: Contract, past: Past) -> Iterator[Finding]:
    """What is wrong with the new rows, by what the accepted ones were over time.

    Parameters
    ----------
    parts : sequence of Part
        All rows; and the later ones, when they are some and enough.
    accepted : Contract
    past : Past
        Of the accepted rows.
    """
    every, newest = parts[0], parts[-1]
    new = _new_rows(every.case, accepted)
    yield from hours.lost_zone(every.case, past)
    yield from repeats.feed(every.case, accepted, past)
    yield from repeats.duplicates(every, past, new)
    yield from periods.slices(newest, past)
    yield from hours.shifted_clock(newest, past)
    if newest is every and new < every.frame.height:
        return  # few rows or none are new: they say nothing of a period, and old ones repeat
    yield from periods.sampling(newest, past)
    yield from periods.poisoned(newest, past)
    yield from repeats.replayed(newest, past)
    yield from repeats.frozen(newest, past)


def _new_rows(case: Case, accepted: Contract) -> int:
    """Rows later than all that was accepted; all of them where nobody can say."""
    before = accepted.column(case.time) if case.time else None
    if case.time is None or before is None or before.maximum is None:
        return case.frame.height
    return case.frame.filter(as_numbers(case.frame.get_column(case.time)) > before.maximum).height
