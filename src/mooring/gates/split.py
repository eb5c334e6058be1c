"""Rules about how rows were divided: nothing learned may be asked again (FD-22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.gates.contract import INSTANTS, as_numbers, type_of
from mooring.gates.data.finding import Finding, examples_in, instant, share
from mooring.gates.data.past import fingerprints, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mooring.settings.model import Data

_FEW = 0.01
"""Repeated rows below this share of the holdout move no mean over it by more than that."""
_NAMES_ROWS = 0.95
"""A column of which so many values are distinct, per distinct row, tells rows apart by itself."""
_FOLLOWS = 0.5
"""Rank correlation with the order of the rows from which a column is taken for their time."""
_LEAST = 20


def split_findings(training: pl.DataFrame, holdout: pl.DataFrame, data: Data) -> Iterator[Finding]:
    """What is wrong with training and holdout rows side by side.

    Parameters
    ----------
    training, holdout : polars.DataFrame
        Raw rows of the same columns, oldest first.
    data : Data
        What the columns are for.
    """
    if data.time is None:
        yield from _from_the_future(training, holdout, data)
    repeated = _repeated(training, holdout, data)
    if repeated is not None:
        yield repeated


def _from_the_future(
    training: pl.DataFrame, holdout: pl.DataFrame, data: Data
) -> Iterator[Finding]:
    """Without a time column the order of the rows is the time: a column of instants may deny it.

    Only one that goes with the order of the rows, up or down: a date of birth does not.
    """
    for name in training.columns:
        if name in {data.target, *data.keys} or type_of(training.schema[name]) not in INSTANTS:
            continue
        learned, judged = as_numbers(training[name]), as_numbers(holdout[name])
        first = judged.min()
        if not isinstance(first, float) or abs(_order(pl.concat([learned, judged]))) < _FOLLOWS:
            continue
        later = learned.fill_nan(None) > first
        count = int(later.sum())
        if count > _FEW * training.height:
            yield Finding(
                column=name,
                rule="future",
                severity="stop",
                expected="training rows no later than the holdout",
                found=f"training rows after {instant(first)}, where the holdout begins: the rows "
                "are not in the order of time",
                rows=count,
                examples=examples_in(training[name].filter(later)),
                cure=f'time = "{name}" under [data]',
            )


def _repeated(training: pl.DataFrame, holdout: pl.DataFrame, data: Data) -> Finding | None:
    """Holdout rows that are training rows in everything but the time.

    Equal rows may be a coincidence where values are few. So they must be more than twice as many,
    and a hundredth more, than those that the newest training rows have in common with the older;
    or, where nothing orders the rows, be alike in a column whose values tell rows apart.
    """
    content = [name for name in training.columns if name != data.time]
    if min(training.height, holdout.height) < _LEAST:
        return None
    able = [name for name in readable(training) if name != data.time]
    learned = fingerprints(training, able)
    seen = np.isin(fingerprints(holdout, able), learned)
    found = float(seen.mean())
    if found <= _FEW:
        return None
    named = _names_rows(training.select(content), learned, data.target)
    unordered = data.time is None and not data.keys and named is not None
    if not unordered and found <= 2 * _natural(learned, holdout.height) + _FEW:
        return None
    rows = holdout.filter(pl.Series(seen))
    apart = "" if data.time is None else f" in all but {data.time!r}"
    return Finding(
        column=named or content[0],
        rule="repeated",
        severity="stop",
        expected="holdout rows that are not among the training rows",
        found=f"{share(found)} of the holdout equal to training rows{apart}",
        rows=rows.height,
        examples=examples_in(rows[named or content[0]]),
        cure="remove the rows that were delivered twice, in the export",
    )


def _natural(learned: NDArray[np.uint64], size: int) -> float:
    """How many of the newest training rows, as many as the holdout has, are among those before."""
    cut = max(len(learned) - size, len(learned) // 2)
    return float(np.isin(learned[cut:], learned[:cut]).mean())


def _names_rows(rows: pl.DataFrame, marks: NDArray[np.uint64], target: str) -> str | None:
    """The column that tells distinct rows apart best, if one does nearly by itself."""
    distinct = len(np.unique(marks))
    counts = {
        name: rows[name].n_unique()
        for name in rows.columns
        if name != target and not rows.schema[name].is_nested() and rows.schema[name] != pl.Object
    }
    best = max(counts, key=lambda name: counts[name], default=None)
    return best if best is not None and counts[best] >= _NAMES_ROWS * distinct else None


def _order(values: pl.Series) -> float:
    """Rank correlation with the order of the rows."""
    ranked = pl.DataFrame({"value": values.fill_nan(None).rank()}).with_row_index("row")
    found = ranked.select(pl.corr("value", "row")).item()
    return found if isinstance(found, float) and np.isfinite(found) else 0.0
