"""Making profiles: rows come part by part, columns are counted side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import polars as pl

from mooring.profiling.counting.columns import ColumnCounter
from mooring.profiling.counting.layouts import layout_like
from mooring.profiling.profiles import Profile
from mooring.profiling.rows.parts import parts_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mooring.profiling.rows.parts import Rows

_MOST_THREADS = 8
"""Each has some 8 MB to count in, and reading the rows hardly feeds more."""


def profile(rows: Rows, baseline: Profile | None = None) -> Profile:
    """Summarise rows in one pass; memory does not grow with their number.

    Parameters
    ----------
    rows : path, polars, pandas, Arrow, NumPy or anything with the Arrow C stream
        A path may be a file, a folder or a glob of Parquet, CSV or Arrow files.
    baseline : Profile, optional
        What the rows will be held against: they are counted as it was, and columns that it does
        not have are left out. Without one the rows decide, and may be a baseline themselves;
        two such profiles merge when they decided alike.

    Returns
    -------
    Profile
        A column that cannot be counted says why in ``problem``; the others are not affected.

    Raises
    ------
    UnreadableData
        A file is missing or damaged.
    UsageError
        The rows are of no kind that is known here.

    Examples
    --------
    >>> base = profile(pl.DataFrame({"x": [1, 1, 2, None]}))
    >>> base.columns[0].counts
    (0, 2, 1, 0)
    >>> profile(pl.DataFrame({"x": [2, 9]}), baseline=base).rows
    2
    """
    making = _Making(baseline)
    wanted = None if baseline is None else {column.name for column in baseline.columns}
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(min(pl.thread_pool_size(), _MOST_THREADS)) as pool:
        for part in parts_of(rows, wanted):
            for future in pending:
                future.result()
            # counted while the next part is being read
            pending = [pool.submit(count) for count in making.counts(part)]
        for future in pending:
            future.result()
    return making.done()


class _Making:
    """The counters of all columns, made when the first rows are seen."""

    def __init__(self, baseline: Profile | None) -> None:
        self._baseline = baseline
        self._rows = 0
        self._counters: dict[str, ColumnCounter] = {}
        if baseline is not None:
            self._counters = {
                column.name: ColumnCounter(column.name, layout_like(column))
                for column in baseline.columns
            }

    def counts(self, part: pl.DataFrame) -> list[_Count]:
        """What is to be done about more rows, one piece for each column."""
        if self._baseline is None and not self._rows:
            self._counters = {
                series.name: ColumnCounter(series.name, None) for series in part.iter_columns()
            }
        self._rows += part.height
        held = {series.name: series for series in part.iter_columns()}
        return [
            _Count(counter, held.get(name), part.height) for name, counter in self._counters.items()
        ]

    def done(self) -> Profile:
        """The profile of all rows seen."""
        return Profile(self._rows, tuple(counter.done() for counter in self._counters.values()))


class _Count:
    """One column of one part, to be counted."""

    def __init__(self, counter: ColumnCounter, series: pl.Series | None, rows: int) -> None:
        self._counter, self._series, self._rows = counter, series, rows

    def __call__(self) -> None:
        if self._series is None:
            self._counter.absent(self._rows)
        else:
            self._counter.add(self._series)
