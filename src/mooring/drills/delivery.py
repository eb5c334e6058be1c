"""Rows that were accepted, and the new ones that come with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mooring.gates.contract import as_numbers
from mooring.gates.data.case import Case
from mooring.settings.model import DataGate

if TYPE_CHECKING:
    from mooring.settings.model import Data

NEWEST = 0.1
"""The share of the rows that is taken for new: a delivery among history."""
_FEWEST = 200
"""New rows that a fault in a tenth of them can be seen in."""
_MOST = 0.3


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a source holds at the next run.

    Parameters
    ----------
    accepted : polars.DataFrame
        What the gate accepted before.
    new : polars.DataFrame
        What has come since.
    data : Data
        What each column is for.
    kept : bool
        Whether the accepted rows are still in the source, beside the new ones. Without a column of
        instants nobody could tell the two apart, so the new rows come alone.
    """

    accepted: pl.DataFrame
    new: pl.DataFrame
    data: Data
    kept: bool = True

    @property
    def rows(self) -> pl.DataFrame:
        """All that the source holds."""
        if not self.kept:
            return self.new
        return pl.concat([self.accepted, self.new], how="diagonal_relaxed")

    @property
    def case(self) -> Case:
        """The accepted rows, as the gate sees them."""
        return Case(self.accepted, self.data, DataGate())


def deliver(frame: pl.DataFrame, data: Data) -> Delivery:
    """Take the newest rows for the next delivery, all others for accepted.

    Parameters
    ----------
    frame : polars.DataFrame
    data : Data
        With a column of instants, rows of one instant stay together; without one the order of the
        rows is the time.
    """
    share = min(_MOST, max(NEWEST, _FEWEST / max(frame.height, 1)))
    time = Case(frame, data, DataGate()).time
    if time is None:
        first = round((1 - share) * frame.height)
        return Delivery(frame[:first], frame[first:], data, kept=False)
    seconds = as_numbers(frame.get_column(time))
    border = seconds.quantile(1 - share)
    late = (seconds > (border if border is not None else 0.0)).fill_null(value=False)
    return Delivery(frame.filter(~late), frame.filter(late), data)
