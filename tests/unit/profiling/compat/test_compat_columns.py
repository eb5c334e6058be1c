"""What another tool says of a whole frame."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from mooring.errors import UsageError
from mooring.profiling.compat import TOOLS, compat_columns

ROWS = 2000


def frame(shift: float = 0.0) -> pl.DataFrame:
    steps = np.arange(ROWS)
    return pl.DataFrame(
        {
            "amount": steps / ROWS + shift,
            "level": steps % 4,
            "city": [f"city {step % 3}" for step in steps],
            "flag": steps % 2 == 0,
        }
    )


def test_evidently_judges_each_column_by_its_own_choice() -> None:
    judged = compat_columns("evidently", frame(), frame(shift=0.5))
    assert [(column.name, column.kind, column.method) for column in judged] == [
        ("amount", "numeric", "wasserstein"),
        ("level", "categorical", "jensenshannon"),
        ("city", "categorical", "jensenshannon"),
        ("flag", "categorical", "jensenshannon"),
    ]
    assert [column.drifted for column in judged] == [True, False, False, False]
    assert judged[0].score == pytest.approx(0.5 / np.std(np.arange(ROWS) / ROWS))
    assert {column.threshold for column in judged} == {0.1}


def test_nannyml_judges_each_column_by_chunks_of_the_reference() -> None:
    draw = np.random.default_rng(0)
    reference = pl.DataFrame({"x": draw.normal(size=ROWS), "level": draw.integers(0, 4, ROWS)})
    current = pl.DataFrame({"x": draw.normal(3, size=200), "level": draw.integers(0, 4, 200)})
    judged = compat_columns("nannyml", reference, current, kinds={"level": "categorical"})
    assert [(c.kind, c.method, c.drifted) for c in judged] == [
        ("numeric", "jensen_shannon", True),
        ("categorical", "jensen_shannon", False),
    ]
    assert all(0 < column.threshold < 0.5 for column in judged)
    coarse = compat_columns("nannyml", reference, current, chunk_rows=500)
    assert coarse[0].threshold < judged[0].threshold
    assert coarse[0].score == judged[0].score


@pytest.mark.parametrize("tool", TOOLS)
def test_only_columns_of_both_frames_are_judged(tool: str) -> None:
    judged = compat_columns(tool, frame().drop("city"), frame().drop("level"))
    assert [column.name for column in judged] == ["amount", "flag"]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_bad_column_keeps_its_reason_and_spoils_no_other(tool: str) -> None:
    empty = pl.Series("amount", [None] * ROWS, dtype=pl.Float64)
    other = pl.Series("level", ["a", "b"] * (ROWS // 2))
    dates = pl.Series("when", ["2026-01-01"] * ROWS).str.to_date()
    lists = pl.Series("list", [[1, 2]] * ROWS)
    before = frame().with_columns(dates, lists)
    after = before.with_columns(empty, other)
    judged = {column.name: column for column in compat_columns(tool, before, after)}
    for name in ("amount", "when", "list"):
        assert judged[name].drifted is None
        assert judged[name].problem
        assert math.isnan(judged[name].score)
    assert judged["city"].drifted is False
    assert judged["city"].problem == ""
    assert judged["flag"].drifted is False


@pytest.mark.parametrize("tool", TOOLS)
def test_what_goes_wrong_inside_a_method_is_the_columns_problem(tool: str) -> None:
    lists = frame().with_columns(pl.Series("level", [[1, 2]] * ROWS))
    judged = compat_columns(tool, lists, lists, kinds={"level": "categorical"})
    assert {column.name: column.drifted for column in judged} == {
        "amount": False,
        "level": None,
        "city": False,
        "flag": False,
    }
    assert "unhashable" in judged[1].problem


def test_numbers_against_text_are_a_problem() -> None:
    text = frame().with_columns(pl.col("amount").cast(pl.String))
    (column, *_) = compat_columns("evidently", text, frame())
    assert (column.drifted, column.kind) == (None, "categorical")
    assert "not numbers" in column.problem
    (column, *_) = compat_columns("nannyml", frame(), text)
    assert column.drifted is None
    assert "not numbers" in column.problem


def test_nannyml_needs_ten_rows_of_reference() -> None:
    (column, *_) = compat_columns("nannyml", frame()[:9], frame())
    assert column.drifted is None
    assert "too few" in column.problem


def test_an_unknown_tool_is_refused() -> None:
    with pytest.raises(UsageError, match="'whylogs'"):
        compat_columns("whylogs", frame(), frame())


def test_importing_the_module_loads_neither_polars_nor_scipy() -> None:
    code = (
        "import sys, mooring.profiling.compat\n"
        "print(sorted({'polars', 'numpy', 'scipy'} & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
