"""Which columns a request must bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
import pytest

from mooring.errors import UserCodeError
from mooring.pipeline.inputs import needed_columns

Features = Callable[[pl.DataFrame], pl.DataFrame]


def needed(features: Features, candidates: Sequence[str]) -> tuple[str, ...]:
    """With features that raise as the project's own do, through ``features_of``."""

    def guarded(rows: pl.DataFrame) -> pl.DataFrame:
        try:
            return features(rows)
        except pl.exceptions.ColumnNotFoundError as error:
            raise UserCodeError("features raised") from error

    return needed_columns(guarded, ROWS, candidates)


ROWS = pl.DataFrame({"a": range(60), "b": [0.5] * 60, "c": ["x"] * 60})


def test_a_column_that_is_read_is_needed() -> None:
    found = needed(lambda rows: rows.select(pl.col("a") * 2, "c"), ROWS.columns)
    assert found == ("a", "c")


def test_a_column_whose_absence_only_changes_the_features_is_needed() -> None:
    def features(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select("a", has_b=pl.lit("b" in rows.columns))

    assert needed(features, ("a", "b", "c")) == ("a", "b")


def test_all_columns_are_needed_when_all_are_passed_on() -> None:
    assert needed(lambda rows: rows, ("b", "a")) == ("b", "a")
    assert needed(lambda rows: rows, ("a",)) == ("a",)


def test_features_that_refuse_need_what_they_miss() -> None:
    def features(rows: pl.DataFrame) -> pl.DataFrame:
        if "b" not in rows.columns:
            raise UserCodeError("no column b")
        return rows.select(pl.lit(1))

    assert needed(features, ROWS.columns) == ("b",)


def test_only_the_candidates_are_offered_and_few_rows_are_enough() -> None:
    seen: list[tuple[int, int]] = []

    def features(rows: pl.DataFrame) -> pl.DataFrame:
        seen.append(rows.shape)
        return rows.select("a")

    needed(features, ("a", "b"))
    assert set(seen) == {(50, 2), (50, 1)}


def test_features_that_fail_on_every_row_are_the_callers_to_hear_of() -> None:
    def features(_: pl.DataFrame) -> pl.DataFrame:
        raise UserCodeError("broken")

    with pytest.raises(UserCodeError):
        needed(features, ("a",))
