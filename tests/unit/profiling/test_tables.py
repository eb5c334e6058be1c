"""Tables for a prompt and a notebook: they fit, what drifted comes first, nothing breaks them."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling import profile
from mooring.profiling.profiles import Profile

ROWS = 400
FRAME = pl.DataFrame(
    {
        "still": range(ROWS),
        "moved": range(ROWS),
        "kind of bike": ["city", "cargo"] * (ROWS // 2),
        "rain": [True, False, None, False] * (ROWS // 4),
        "at": [datetime(2026, 1, 1) + timedelta(hours=k) for k in range(ROWS)],  # noqa: DTZ001
        "nothing": pl.Series([None] * ROWS, dtype=pl.Float64),
        "objects": pl.Series([object()] * ROWS, dtype=pl.Object),
        "a name that is far too long for a table of eighty columns " * 2: 1.0,
    }
)


def fits(text: str) -> bool:
    return all(len(line) <= 80 for line in text.splitlines())


def test_a_profile_says_what_each_column_holds() -> None:
    said = repr(profile(FRAME))
    assert fits(said)
    lines = said.splitlines()
    assert lines[0] == "profile of 400 rows, 8 columns"
    assert "199.5 ± 115, 0 to 399" in lines[2]
    assert "2 values: cargo 50%, city 50%" in lines[4]
    assert "25% 2 values: false 67%, true 33%" in lines[5]
    assert "2026-01-01 to 2026-01-17 15:00:00" in lines[6]
    assert "100% no values" in lines[7]
    assert "not profiled" in lines[8]


def test_a_comparison_shows_first_what_drifted() -> None:
    base = profile(FRAME)
    moved = FRAME.with_columns(moved=pl.col("moved") + 300)
    said = repr(profile(moved, baseline=base).compare(base))
    assert fits(said)
    first, _, second, *_ = said.splitlines()
    assert first.startswith("drift in 1 of 8 columns: 400 rows against 400, distance 0.")
    assert second.startswith("moved ")
    assert "→" in second


def test_wide_profiles_are_cut_and_counted() -> None:
    base = profile({f"c{number}": [1, 2, 3] for number in range(100)})
    for said in (repr(base), repr(base.compare(base))):
        assert len(said.splitlines()) == 43
        assert said.endswith("… and 60 more")
    assert "… and 60 more" in base._repr_html_()


def test_no_rows_and_no_columns_have_a_table() -> None:
    empty = Profile()
    assert repr(empty).startswith("profile of 0 rows, 0 columns")
    assert repr(empty.compare(empty)).startswith("unknown: 0 rows against 0")


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
    st.text(),
)
def test_names_and_values_break_neither_table(name: str, value: str) -> None:
    base = profile({name: [value] * 50})
    found = base.compare(base)
    assert fits(repr(base))
    assert fits(repr(found))
    for html in (base._repr_html_(), found._repr_html_()):
        assert html.count("<tr>") == 2


def test_what_looks_like_html_is_shown_as_text() -> None:
    html = profile({"<script>alert(1)</script>": ["<b>"] * 9})._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
