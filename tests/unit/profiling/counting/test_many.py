"""Texts too many to list: how many, and which are frequent, whatever the parts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling import merge, profile
from mooring.profiling.counting.many import HEAVY, SMALLEST, many_of, many_of_counts, merged
from mooring.profiling.counting.names import MOST
from mooring.profiling.counting.texts import TextCounter

few_texts = st.lists(st.text(alphabet="ab", max_size=6), min_size=1, max_size=40)


def ids(count: int, seed: int = 0) -> pl.Series:
    drawn = np.random.default_rng(seed).integers(0, 2**62, count)
    return pl.Series("x", drawn).cast(pl.String)


@given(few_texts, few_texts, few_texts)
def test_p5_parts_add_up_in_any_order_and_grouping(
    one: list[str], two: list[str], three: list[str]
) -> None:
    a, b, c = (many_of(pl.Series(part)) for part in (one, two, three))
    whole = many_of(pl.Series([*one, *two, *three]))
    assert merged([merged([a, b]), c]) == merged([a, merged([c, b])]) == whole
    assert whole.total == len(one) + len(two) + len(three)
    assert whole.distinct == len({*one, *two, *three})
    assert merged([a, b, c]).heavy() == whole.heavy()


@given(st.dictionaries(st.text(max_size=40), st.integers(0, 9), min_size=1, max_size=20))
def test_counting_rows_and_counting_counts_agree(found: dict[str, int]) -> None:
    rows = [text for text, count in found.items() for _ in range(count)]
    assert many_of(pl.Series(rows, dtype=pl.String)) == many_of_counts(found)


@pytest.mark.parametrize("count", [SMALLEST // 2, 30_000, 400_000])
def test_the_number_of_texts_is_told_to_a_few_percent(count: int) -> None:
    """Ten deviations would be 31 %; a wrong formula is off by more than four of them."""
    found = many_of(pl.concat([ids(count), ids(count)]))
    exact = ids(count).n_unique()
    assert abs(found.distinct / exact - 1) <= (0 if count < SMALLEST else 4 / SMALLEST**0.5)


def test_what_takes_a_share_of_the_rows_is_named_however_the_rows_are_cut() -> None:
    """Each flood is heavy over all rows; one is spread evenly, the other comes in one part."""
    rng = np.random.default_rng(1)
    texts = ids(300_000).to_numpy().copy()
    texts[rng.random(texts.size) < 0.05] = "spread"
    texts[200_000:215_000] = "burst"
    parts = [pl.Series(part) for part in np.array_split(texts.astype(str), 12)]
    found = merged([many_of(part) for part in parts])
    assert {text for text, _ in found.heavy()} == {"spread", "burst"}
    exact = {"spread": int((texts == "spread").sum()), "burst": int((texts == "burst").sum())}
    for text, most in found.heavy():
        assert exact[text] <= most <= exact[text] + texts.size * 3 / 1024
    assert found.heavy() == many_of(pl.concat(parts)).heavy()


def test_nothing_is_heavy_among_texts_that_do_not_repeat() -> None:
    assert many_of(ids(100_000)).heavy() == ()
    assert HEAVY < SMALLEST


def test_p5_a_column_of_ids_is_the_same_however_it_is_cut_and_counted() -> None:
    column = pl.concat([pl.Series("x", ["flood"] * 9_000), ids(MOST + 5_000)])
    frame = column.sample(fraction=1.0, shuffle=True, seed=3).to_frame()
    base = profile(frame)
    (whole,) = base.columns
    assert whole.names.frequent()[0][0] == "flood"
    assert whole.names.distinct == pytest.approx(MOST + 5_001, rel=0.15)
    assert not whole.names.complete
    again = merge(*(profile(part, baseline=base) for part in frame.iter_slices(4_321)))
    (cut,) = again.columns
    assert cut.names.many == whole.names.many
    assert cut.names.frequent() == whole.names.frequent()


def test_texts_are_sketched_from_the_first_row_on_wherever_they_became_too_many() -> None:
    parts = [ids(MOST - 5, 1), pl.Series(["again"] * 700), ids(MOST, 2)]
    counter = TextCounter()
    for part in parts:
        counter.add(part)
    assert counter.names().many == many_of(pl.concat([part.alias("x") for part in parts]))
