"""What each column is for: a feature, a key, or better left out; told from the column alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from mooring.starting.instants import DATED, holds_other_dates, seconds
from mooring.starting.plan import Note

Role = Literal["number", "category", "key", "excluded"]

_ID = re.compile(r"(^|[ _.-])(id|ids|uuid|guid|pk)$|^(id|uuid)[ _.-]|[a-z](Id|ID|Uuid|UUID)$")
_ROW_NUMBER = re.compile(
    r"^$|^unnamed: ?\d+$|(^|[ _.-])(key|index|idx|row_?(id|num|number|no)?|record|instant|serial"
    r"|sequence|seq|number|no|nr|num)$|^_+index",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"^(y_?)?(pred|predicted|prediction|predictions|preds|yhat|y_hat)([ _.-].*)?$"
    r"|[ _.-](pred|preds|prediction|predicted|yhat|proba)$|[ _.-]proba[ _.-]"
    r"|^(model|predicted)_(score|prob|probability|proba|label|class)"
)
MOST_ENTITIES = 1000
"""A column of ids with more distinct values names entities; with fewer it is a category."""
NEARLY_UNIQUE = 0.9
SELDOM_REPEATED = 0.5
LONG_TEXT = 60
NUMBERS_IN_TEXT = 0.9
NEWEST, OLDEST = 0.2, 0.7
IN_ORDER = 0.95
"""A number that follows the order of the rows this closely is a clock, resets and all."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A column with its role, and why when it is no feature."""

    column: str
    role: Role
    reason: str = ""

    @property
    def note(self) -> Note:
        """The column and its reason."""
        return Note(self.column, self.reason)


def judge_column(column: pl.Series) -> Judged:
    """The role of a column that is neither the target nor the time.

    Parameters
    ----------
    column : polars.Series
        All its rows, in the order of the file.
    """
    name, dtype = column.name, column.dtype
    why = _unusable(column)
    if why is not None:
        return Judged(name, "excluded", why)
    why = _names_a_row(column)
    if why is not None:
        return Judged(name, "key", why)
    if dtype.is_numeric():
        whole = dtype.is_integer() and bool(_ID.search(name))
        return Judged(name, "category" if whole else "number")
    if dtype == pl.Boolean:
        return Judged(name, "category")
    return _judge_text(column)


def later_than(column: pl.Series, time: pl.Series) -> str | None:
    """Why a second column of dates is known only afterwards, or is the time once more."""
    gap = (seconds(column) - seconds(time)).drop_nulls()
    if gap.len() < 10:  # noqa: PLR2004
        return None
    if share(gap == 0) > 0.99 or _is_same_day(column, time):  # noqa: PLR2004
        return f"the same instants as {time.name}"
    if share(gap >= 0) > 0.98:  # noqa: PLR2004
        return f"later than {time.name}: known only afterwards?"
    return f"a date beside {time.name}: make numbers of it in features() if it matters"


def stretch_of_time(column: pl.Series) -> str | None:
    """Why a column only says when: its values come one after the other and never again.

    A number whose newest values were there before (a year that is not over) is not such a column.

    Parameters
    ----------
    column : polars.Series
        Oldest row first.
    """
    present = column.drop_nulls()
    distinct = present.n_unique()
    if present.len() < 50 or distinct < 2:  # noqa: PLR2004
        return None
    orderly = column.dtype.is_numeric() and abs(_order(present)) > IN_ORDER
    runs = int((present != present.shift(1)).sum()) + 1
    if not orderly and (runs != distinct or distinct > present.len() / 4):
        return None
    if column.dtype.is_numeric() and newest_are_known(column):
        return None
    return "stands for a stretch of time: newer rows have values that were never learned"


def _order(values: pl.Series) -> float:
    """Rank correlation with the order of the rows."""
    ranked = pl.DataFrame({"value": values.rank()}).with_row_index("row")
    found = ranked.select(pl.corr("value", "row")).item()
    return found if isinstance(found, float) else 0.0


def newest_are_known(column: pl.Series) -> bool:
    """Whether the values of the newest fifth are nearly all among the older 70 %."""
    newest = column.tail(max(1, round(column.len() * NEWEST)))
    oldest = column.head(round(column.len() * OLDEST)).unique()
    return share(newest.is_in(oldest.implode())) >= 0.95  # noqa: PLR2004


def share(is_so: pl.Series) -> float:
    """The share of rows that are so, among those where it is known."""
    known = is_so.drop_nulls()
    return int(known.sum()) / known.len() if known.len() else 0.0


def _unusable(column: pl.Series) -> str | None:
    dtype = column.dtype
    present = column.drop_nulls()
    if dtype.is_float():
        present = present.fill_nan(None).drop_nulls()
    if not present.len():
        return "no values at all"
    if dtype.is_nested() or isinstance(dtype, pl.Binary | pl.Object):
        return f"holds {dtype}: make plain columns of it first"
    if isinstance(dtype, pl.Duration | pl.Time):
        return f"holds {dtype}, which a request cannot carry: store it as a number"
    if present.len() == column.len() and present.n_unique() == 1:
        return f"always {_short(present[0])}"
    return _by_name_or_date(column)


def _by_name_or_date(column: pl.Series) -> str | None:
    if _ANSWER.search(column.name.casefold()):
        return "by its name the answer of another model"
    if isinstance(column.dtype, DATED):
        return "a date: make numbers of it in features() if it matters"
    return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 30 else f"{text[:27]}..."  # noqa: PLR2004


def _names_a_row(column: pl.Series) -> str | None:
    """Why a column is a key: whole numbers or text that name a row or an entity."""
    name, dtype = column.name, column.dtype
    text = isinstance(dtype, pl.String | pl.Categorical | pl.Enum)
    present = column.drop_nulls()
    if dtype.is_float() and _ID.search(name) and bool((present == present.floor()).all()):
        present = present.cast(pl.Int64, strict=False)  # ids with gaps, as pandas keeps them
    elif not dtype.is_integer() and not text:
        return None
    distinct = present.n_unique()
    unique = distinct / present.len()
    if not text and unique == 1 and present.len() > 10 and _counts_up(present):  # noqa: PLR2004
        return "numbers the rows"
    named = bool(_ID.search(name))
    if unique > NEARLY_UNIQUE and present.len() > 1 and (named or _ROW_NUMBER.search(name)):
        return f"{unique:.0%} of its values are distinct"
    if named and distinct > MOST_ENTITIES:
        return f"names one of {distinct:,}"
    if text and unique == 1 and present.len() >= 50 and _is_token(present):  # noqa: PLR2004
        return "text that names each row"
    return None


def _counts_up(values: pl.Series) -> bool:
    return bool((values.cast(pl.Int64, strict=False).diff().drop_nulls() == 1).all())


def _is_token(values: pl.Series) -> bool:
    head = values.head(200).cast(pl.String)
    return not bool(head.str.contains(r"\s").any()) and bool((head.str.len_chars() <= 40).all())  # noqa: PLR2004


def _judge_text(column: pl.Series) -> Judged:
    name = column.name
    present = column.drop_nulls().cast(pl.String)
    if holds_other_dates(present):
        reason = "dates that are not ISO 8601: write them as 2024-01-31 to use them"
        return Judged(name, "excluded", reason)
    if _holds_numbers(present):
        return Judged(name, "number", "text that holds numbers; what is none becomes missing")
    unique = present.n_unique() / present.len()
    if share(present.str.len_chars() > LONG_TEXT) > 0.5 and unique > 0.05:  # noqa: PLR2004
        return Judged(name, "excluded", "free text")
    if unique > SELDOM_REPEATED and present.n_unique() > 20:  # noqa: PLR2004
        return Judged(name, "excluded", f"text that hardly repeats: {unique:.0%} distinct")
    return Judged(name, "category")


def _holds_numbers(texts: pl.Series) -> bool:
    """Numbers kept as text for the sake of a few words such as ``?``; codes of digits are not."""
    numbers = texts.cast(pl.Float64, strict=False).drop_nulls()
    share = numbers.len() / texts.len()
    if share < NUMBERS_IN_TEXT or numbers.n_unique() < 5:  # noqa: PLR2004
        return False
    decimals = bool((numbers != numbers.floor()).any())
    return share < 1 or decimals


def roles(judged: Sequence[Judged], role: Role) -> Iterator[Judged]:
    """Those of one role."""
    return (each for each in judged if each.role == role)


def _is_same_day(column: pl.Series, time: pl.Series) -> bool:
    if column.dtype != pl.Date:
        return False
    same = column == time.cast(pl.Datetime("us")).dt.date()
    return share(same) > 0.99  # noqa: PLR2004
