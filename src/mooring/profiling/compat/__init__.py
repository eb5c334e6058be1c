"""Other tools' drift scores, to the digit, for people who migrate.

These functions take raw columns, not profiles: each tool draws its bins from the rows themselves,
some from the current rows too. They exist so that a number seen elsewhere can be found here again;
Mooring's own scores are in ``mooring.profiling.scores``.

* ``evidently``: every univariate method of Evidently 0.7 for numbers and categories, its choice
  among them, thresholds and decision.
* ``nannyml``: every univariate method of NannyML 0.13, its chunks and thresholds.
* ``frouros``: the two-sample distances and tests of Frouros 0.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mooring.errors import MooringError, UsageError
from mooring.profiling.compat.column import CompatColumn, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    Judge = Callable[[str, pl.Series, pl.Series, Kind | None], CompatColumn]

__all__ = ["TOOLS", "CompatColumn", "Kind", "compat_columns"]

TOOLS = ("evidently", "nannyml")
_NAN = float("nan")


def compat_columns(
    tool: str,
    reference: pl.DataFrame,
    current: pl.DataFrame,
    *,
    kinds: Mapping[str, Kind] | None = None,
    chunk_rows: int | None = None,
) -> tuple[CompatColumn, ...]:
    """What ``tool`` says of each column that both frames have, with its own defaults.

    The whole of ``current`` is one window. A column that the tool cannot judge keeps its reason in
    ``problem`` and does not spoil the others.

    Parameters
    ----------
    tool : "evidently" or "nannyml"
    reference, current : polars.DataFrame
        Columns are compared in the order of ``reference``; those on one side only are left out.
    kinds : mapping of column name to "numeric" or "categorical", optional
        What the user told the tool of a column; the others are typed as the tool types them.
    chunk_rows : int, optional
        NannyML only: the rows of a chunk of the reference, from whose scores its threshold comes.
        Its default is a tenth of the reference.

    Returns
    -------
    tuple of CompatColumn

    Raises
    ------
    UsageError
        When the tool is not known.

    Examples
    --------
    >>> import polars as pl
    >>> before, after = pl.DataFrame({"x": range(1001)}), pl.DataFrame({"x": range(500, 1501)})
    >>> (x,) = compat_columns("evidently", before, after)
    >>> x.method, round(x.score, 3), x.drifted
    ('wasserstein', 1.73, True)
    """
    judge = _judge(tool, chunk_rows)
    told = kinds or {}
    shared = [name for name in reference.columns if name in current.columns]
    return tuple(
        _judged(judge, name, reference[name], current[name], told.get(name)) for name in shared
    )


def _judge(tool: str, chunk_rows: int | None) -> Judge:
    if tool == "evidently":
        from mooring.profiling.compat.evidently import judge_column

        return judge_column
    if tool == "nannyml":
        from functools import partial

        from mooring.profiling.compat.nannyml import judge_column as judge_chunk

        return partial(judge_chunk, chunk_rows=chunk_rows)
    raise UsageError(
        f"no drift scores are kept of a tool called {tool!r}", fix=f"one of {', '.join(TOOLS)}"
    )


def _judged(
    judge: Judge, name: str, reference: pl.Series, current: pl.Series, kind: Kind | None
) -> CompatColumn:
    """The tool's judgement of a column, or why it has none."""
    import polars as pl

    try:
        return judge(name, reference, current, kind)
    except MooringError as error:
        problem = error.what
    except (ArithmeticError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        problem = str(error) or type(error).__name__
    taken = kind or ("numeric" if reference.dtype.is_numeric() else "categorical")
    return CompatColumn(name, taken, "", _NAN, _NAN, None, problem)
