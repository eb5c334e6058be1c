"""Columns made to mislead: each has a right answer, or says that it has none."""

from __future__ import annotations

import importlib
from typing import Literal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mooring.errors import UsageError
from mooring.profiling import ColumnDrift, DriftRules, compare, profile

NAN, INF = float("nan"), float("inf")
ROWS = 2000


def judged(before: object, after: object, rules: DriftRules | None = None) -> ColumnDrift:
    """One column, compared."""
    base = profile(pl.DataFrame({"x": before}))
    window = profile(pl.DataFrame({"x": after}), base)
    (column,) = compare(base, window, rules=rules or DriftRules()).columns
    return column


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(middle: float = 0.0, scale: float = 1.0, rows: int = ROWS, seed: int = 0) -> pl.Series:
    return pl.Series(middle + scale * rng(seed).normal(size=rows))


def empty(dtype: pl.DataType, rows: int = 200) -> pl.Series:
    return pl.Series([None] * rows, dtype=dtype)


@pytest.mark.parametrize("value", [0.0, -0.0, 7.0, -1e12, 1e300, 5e-324, INF, -INF])
def test_a_constant_that_stays_is_ok(value: float) -> None:
    assert judged([value] * 500, [value] * 100).status == "ok"


@pytest.mark.parametrize(
    ("value", "later"),
    [
        (7.0, 7.0000001),
        (7.0, 8.0),
        (0.0, 1e-200),
        (0.0, -1.0),
        (1e12, 1e12 + 0.01),
        (1.7e9, 1.7e9 + 1e-3),
        (1.0, INF),
        (INF, 1.0),
        (INF, -INF),
        (3.0, NAN),
    ],
)
def test_a_constant_that_moves_is_drift(value: float, later: float) -> None:
    assert judged([value] * 500, [later] * 100).status == "drift"


@pytest.mark.parametrize(
    ("middle", "scale"),
    [
        (0.0, 1.0),
        (1e12, 1.0),
        (-1e12, 0.01),
        (1.7e9, 3600.0),
        (1e15, 100.0),
        (0.0, 1e-200),
        (0.0, 1e-305),
        (0.0, 1e300),
        (1e-3, 1e-9),
    ],
)
def test_a_shift_is_seen_at_any_offset_and_scale(middle: float, scale: float) -> None:
    before = normal(middle, scale)
    assert judged(before, normal(middle, scale, 500, seed=1)).status == "ok"
    moved = judged(before, normal(middle + 0.6 * scale, scale, 500, seed=2))
    assert moved.status == "drift"
    assert moved.direction == "up"


def test_one_apart_at_a_million_million_is_seen() -> None:
    before = 1e12 + rng().choice([-1.0, 1.0], ROWS)
    assert judged(before, 1e12 + rng(1).choice([-1.0, 1.0], 500)).status == "ok"
    assert judged(before, 1e12 + rng(2).choice([-1.0, 1.0], 500, p=[0.25, 0.75])).status == "drift"


def test_time_stamps_of_the_next_week_are_beyond_the_range() -> None:
    seconds = 1.7e9 + rng().uniform(0, 7 * 86_400, ROWS)
    stamps = pl.Series((seconds * 1e6).astype("datetime64[us]"))
    assert judged(stamps, stamps.sample(500, seed=1)).status == "ok"
    later = judged(stamps, stamps.sample(500, seed=1).dt.offset_by("7d"))
    assert later.status == "drift"
    assert "beyond the baseline's range" in later.reason


@pytest.mark.parametrize("dtype", [pl.Datetime("ms"), pl.Datetime("ns", "Asia/Tokyo"), pl.Date()])
def test_the_type_of_an_instant_may_change(dtype: pl.DataType) -> None:
    days = pl.Series(rng().integers(0, 20_000, ROWS), dtype=pl.Int32).cast(pl.Date)
    assert judged(days, days.sample(900, seed=1).cast(dtype)).status == "ok"


@pytest.mark.parametrize(
    ("dtype", "before", "after"),
    [
        (pl.Decimal(20, 2), (0, 1000), (500, 1500)),
        (pl.Int128(), (0, 1000), (500, 1500)),
        (pl.UInt64(), (2**63, 2**64 - 1), (2**63, 2**63 + 2**61)),
        (pl.Int8(), (0, 100), (50, 127)),
        (pl.Duration("ms"), (0, 10**6), (5 * 10**5, 2 * 10**6)),
        (pl.Time(), (0, 40_000 * 10**9), (30_000 * 10**9, 80_000 * 10**9)),
    ],
    ids=str,
)
def test_numbers_of_every_type_are_judged(
    dtype: pl.DataType, before: tuple[int, int], after: tuple[int, int]
) -> None:
    kind = np.uint64 if dtype == pl.UInt64 else np.int64

    def draw(ends: tuple[int, int], seed: int) -> pl.Series:
        values = rng(seed).integers(*ends, 900, dtype=kind, endpoint=True)
        return pl.Series(values).cast(pl.Int64 if dtype.is_temporal() else dtype).cast(dtype)

    assert judged(draw(before, 0), draw(before, 1)).status == "ok"
    assert judged(draw(before, 0), draw(after, 2)).status == "drift"


def test_whole_numbers_held_as_floats_do_not_drift() -> None:
    before = rng().integers(0, 10, ROWS)
    assert judged(before, rng(1).integers(0, 10, 500).astype(float)).status == "ok"
    assert judged(before.astype(float), rng(1).integers(0, 10, 500)).status == "ok"


def test_p5_one_sentinel_neither_raises_an_alarm_nor_hides_a_shift() -> None:
    before = rng().normal(size=5000)
    for sentinel in (1e9, -1e9, 1e300):
        quiet, shifted = rng(1).normal(size=5000), rng(2).normal(0.5, 1, 5000)
        quiet[17] = shifted[17] = sentinel
        assert judged(before, quiet).status == "ok"
        assert judged(before, quiet).score("wasserstein") < 0.1
        assert judged(before, shifted).status == "drift"
        assert judged(before, shifted).score("wasserstein") == pytest.approx(0.5, abs=0.05)
        spoilt = np.append(before[1:], sentinel)
        assert judged(spoilt, shifted).status == "drift"
        assert judged(spoilt, rng(3).normal(size=5000)).status == "ok"


@pytest.mark.parametrize("seed", range(5))
def test_missing_values_that_rise_from_none_to_a_twentieth_are_caught(seed: int) -> None:
    after = normal(rows=1000, seed=seed + 1).to_list()
    lost = rng(seed).random(1000) < 0.05
    found = judged(normal(rows=10_000), [None if gone else x for gone, x in zip(lost, after)])  # noqa: B905
    assert found.status == "drift"
    assert "missing values rose from 0.0%" in found.reason


def test_infinities_that_appear_are_drift() -> None:
    after = normal(rows=1000, seed=1).to_numpy().copy()
    after[:50] = [INF, -INF] * 25
    assert judged(normal(), after).status == "drift"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (empty(pl.Float64()), normal(rows=500)),
        (empty(pl.String()), pl.Series(["a"] * 200)),
        (empty(pl.Boolean()), pl.Series([True] * 200)),
        (empty(pl.Date()), pl.Series([1] * 200, dtype=pl.Int32).cast(pl.Date)),
        (normal(), empty(pl.Float64())),
        (normal(), empty(pl.Null())),
        (normal(), pl.Series([NAN] * 200)),
        (pl.Series(["a", "b"] * 100), empty(pl.String())),
    ],
)
def test_p3_missing_everywhere_on_one_side_is_drift(before: pl.Series, after: pl.Series) -> None:
    found = judged(before, after)
    assert found.status == "drift"
    assert found.kind not in {"numeric", "datetime"} or np.isnan(found.score("ks"))


@pytest.mark.parametrize("dtype", [pl.Float64(), pl.String(), pl.Boolean(), pl.Date(), pl.Null()])
def test_p3_missing_everywhere_on_both_sides_is_unknown(dtype: pl.DataType) -> None:
    assert judged(empty(dtype), empty(dtype)).status == "unknown"


@pytest.mark.parametrize("rows", [(0, 500), (500, 0), (1, 500), (500, 1), (0, 0), (1, 1), (29, 29)])
def test_p3_too_few_rows_are_unknown(rows: tuple[int, int]) -> None:
    for column in (normal(rows=500), pl.Series(["a", "b"] * 250), pl.Series([True, False] * 250)):
        found = judged(column.head(rows[0]), column.head(rows[1]))
        assert found.status == "unknown"
        assert "are needed" in found.reason


def test_p3_no_rows_are_never_ok_whatever_the_rules() -> None:
    none = DriftRules(min_rows=0)
    assert judged(normal(rows=0), normal(), none).status == "unknown"
    assert judged(normal(), normal(rows=0), none).status == "unknown"


def test_categories_that_appear_and_that_vanish_are_drift() -> None:
    three, two = rng().choice(list("abc"), 3000), rng(1).choice(list("ab"), 500)
    gone = judged(three, two)
    assert gone.status == "drift"
    assert ("c", 0.0) in {(shift.label, shift.current) for shift in gone.moved}
    new = judged(rng().choice(list("ab"), 3000), rng(1).choice(list("abc"), 500))
    assert new.status == "drift"
    assert "unseen values" in new.reason


def test_p3_a_million_distinct_texts_are_unknown_and_a_window_of_them_is_drift() -> None:
    texts = pl.Series(np.arange(1_000_000)).cast(pl.String)
    assert judged(texts, texts.head(5000)).status == "unknown"
    found = judged(["a", "b"] * 500, texts)
    assert found.status == "drift"
    assert found.unseen_rate == 1.0
    assert judged(texts, empty(pl.String())).status == "drift"


def test_texts_that_differ_in_their_last_byte_only_are_told_apart() -> None:
    for length in (11, 12, 300):
        one, two = "é" * (length // 2) + "x", "é" * (length // 2) + "y"
        assert judged([one, two] * 200, [one, two] * 50).status == "ok"
        assert judged([one, two] * 200, [one] * 100).status == "drift"


@pytest.mark.parametrize("kind", ["list", "array", "float32"])
def test_embeddings_that_move_in_one_dimension_are_drift(
    kind: Literal["list", "array", "float32"],
) -> None:
    dtype = {
        "list": pl.List(pl.Float64),
        "array": pl.Array(pl.Float64, 8),
        "float32": pl.Array(pl.Float32, 8),
    }[kind]

    def draw(rows: int, seed: int, away: float = 0.0) -> pl.Series:
        vectors = rng(seed).normal(size=(rows, 8))
        vectors[:, 3] += away
        return pl.Series(vectors.tolist(), dtype=dtype)

    assert judged(draw(ROWS, 0), draw(500, 1)).status == "ok"
    moved = judged(draw(ROWS, 0), draw(500, 2, 0.5))
    assert moved.status == "drift"
    assert "centre moved" in moved.reason
    lacking = judged(draw(ROWS, 0), pl.Series([None] * 200, dtype=dtype))
    assert "missing values rose" in lacking.reason


def test_unit_vectors_are_as_long_as_each_other_whatever_their_rounding() -> None:
    vectors = rng().normal(size=(ROWS, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    base = profile({"x": vectors.tolist()})
    assert base.columns[0].cells.ids.size == 1
    single = vectors[:500].astype(np.float32).tolist()
    assert judged(vectors.tolist(), single).status == "ok"


@pytest.mark.parametrize(
    ("vectors", "why"),
    [
        ([[1.0, 0.0, 0.0, 0.0]] * 100, "3 dimensions in the baseline, 4 in the window"),
        ([[1.0, 0.0], [1.0, 0.0, 0.0]] * 50, "empty or of different lengths"),
        ([[1.0, 0.0, 0.0], []] * 50, "empty or of different lengths"),
        ([[]] * 100, "empty or of different lengths"),
    ],
)
def test_p3_embeddings_of_another_length_are_unknown(vectors: list[list[float]], why: str) -> None:
    found = judged([[0.0, 1.0, 0.0]] * 100, pl.Series(vectors, dtype=pl.List(pl.Float64)))
    assert found.status == "unknown"
    assert why in found.reason


def prose(words: str, rows: int, seed: int, length: int = 6) -> list[str]:
    picks = rng(seed).choice(words.split(), (rows, length))
    return [" ".join(row) + f", number {number:04}" for number, row in enumerate(picks)]


def test_free_text_of_new_words_or_another_length_is_drift() -> None:
    known, new = "ship mast sail hull keel rope tide wind", "Schiff Mast Segel Rumpf Kiel Tau"
    before = prose(known, ROWS, 0)
    assert judged(before, prose(known, 500, 1)).status == "ok"
    assert "unseen words" in judged(before, prose(new, 500, 2)).reason
    assert judged(before, prose(known, 500, 3, length=12)).status == "drift"


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([1.0] * 100, ["1"] * 100, "holds String, the baseline is numeric"),
        ([True, False] * 100, [0, 1] * 100, "holds Int64, the baseline is boolean"),
        (["a", "b"] * 100, [1.0, 2.0] * 100, "holds Float64, the baseline is categorical"),
        (pl.Series([1] * 99).cast(pl.Datetime), ["1970"] * 99, "the baseline is datetime"),
        ([[1.0]] * 100, [1.0] * 100, "the baseline is embedding"),
        ([{"a": 1}] * 100, [{"a": 1}] * 100, "not profiled"),
        ([b"a"] * 100, [b"a"] * 100, "not profiled"),
    ],
)
def test_p3_a_type_that_changed_or_is_not_known_is_unknown(
    before: object, after: object, why: str
) -> None:
    found = judged(before, after)
    assert found.status == "unknown"
    assert why in found.reason


def test_whole_numbers_can_stand_for_text_and_booleans_for_numbers() -> None:
    assert judged(["10", "20"] * 100, [10, 20] * 100).status == "ok"
    assert judged(["10", "20"] * 100, [10, 30] * 100).status == "drift"
    assert judged([0, 1] * 100, [True, False] * 100).status == "ok"


def test_one_bad_column_does_not_spoil_the_others() -> None:
    before = pl.DataFrame({"x": normal(), "bad": [{"a": 1}] * ROWS, "s": ["a", "b"] * 1000})
    base = profile(before)
    assert [column.kind for column in base.columns] == ["numeric", "unsupported", "categorical"]
    later = before.with_columns(pl.col("x").cast(pl.String), new=0).drop("bad")
    found = compare(base, profile(later, base))
    assert [column.status for column in found.columns] == ["unknown", "unknown", "ok"]
    assert "not profiled" in found.columns[1].reason
    assert found.status == "unknown"


@pytest.mark.parametrize("of", ["arrow", "pandas"])
def test_two_columns_of_one_name_are_refused(of: str) -> None:
    rows: object = pd.DataFrame([[1.0, 2.0]], columns=["x", "x"])
    if of == "arrow":
        rows = importlib.import_module("pyarrow").table([[1.0], [2.0]], names=["x", "x"])
    with pytest.raises(UsageError, match="same name"):
        profile(rows)


def test_chunks_of_a_column_are_one_column() -> None:
    parts = [normal(seed=seed, rows=rows) for seed, rows in enumerate((1, 700, 40, 0, 900))]
    held, whole = pl.concat(parts, rechunk=False), pl.concat(parts, rechunk=True)
    assert held.n_chunks() > 1
    assert judged(held, whole).score("ks") == 0.0
    assert profile({"x": held}).columns[0].cells == profile({"x": whole}).columns[0].cells
