"""The order in which people want to read columns: what drifted first, the furthest first."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mooring.profiling.findings import ColumnDrift

_FIRST = {"drift": 0, "unknown": 1, "ok": 2}


def urgency(column: ColumnDrift) -> tuple[int, float, str]:
    """A key to sort by: status, then the Jensen-Shannon distance, then the name."""
    distance = column.score("jensenshannon")
    return _FIRST[column.status], 0.0 if isnan(distance) else -distance, column.name
