"""Reports: what is said of each column, as words, JSON and a page that stays small."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import numpy as np
import polars as pl
import pytest

from mooring.errors import UsageError
from mooring.profiling.findings import DriftRules
from mooring.profiling.reporting.page import CARDS, LINES, render
from mooring.profiling.reporting.plain import plain
from mooring.profiling.reporting.report import Report, make_report
from mooring.profiling.reporting.shares import MOST_BINS
from mooring.profiling.reporting.sides import Side
from mooring.profiling.reporting.words import left_out, summary, verdict

MADE = datetime(2026, 1, 1, tzinfo=UTC)
MB = 1_000_000


def frame(rows: int = 2000, seed: int = 0, shift: float = 0.0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "still": random.normal(size=rows),
            "moved": random.normal(shift, 1, rows),
            "town": random.choice(["Oslo", "Rome", "Kyiv"], rows),
        }
    )


def report(before: object, now: object, **options: Any) -> Report:
    return make_report(Side("A", before), Side("B", now), **options)


def by_name(found: Report) -> Mapping[str, Any]:
    columns: Any = plain(found)["columns"]
    return {column["column"]: column for column in columns}


def page(found: Report) -> str:
    return render(found, DriftRules(), MADE)


def test_drift_is_found_and_stands_first() -> None:
    found = report(frame(), frame(seed=1, shift=0.8))
    assert found.columns[0].drift.name == "moved"
    assert summary(found) == "drift in 1 of 3 columns · 2,000 rows against 2,000"
    assert found.status == "drift"


def test_p6_no_drift_is_no_drift() -> None:
    found = report(frame(), frame(seed=1))
    assert (found.status, verdict(found)) == ("ok", "no drift in 3 columns")


def test_p3_too_few_rows_are_not_enough_evidence() -> None:
    found = report(frame(), frame(9))
    assert (found.status, verdict(found)) == ("unknown", "not enough evidence on any of 3 columns")


def test_each_score_stands_beside_what_no_drift_stays_under() -> None:
    columns = by_name(report(frame(), frame(seed=1, shift=0.8)))
    for name in ("psi", "ks", "jensenshannon", "wasserstein", "hellinger", "chisquare", "tvd"):
        assert columns["moved"]["scores"][name] > columns["moved"]["levels"][name] > 0
        still = columns["still"]
        assert still["scores"][name] < still["levels"][name] * 1.5
    assert columns["town"]["scores"]["ks"] is None
    assert columns["town"]["levels"]["ks"] is None


def test_columns_on_one_side_only_are_listed_as_unknown() -> None:
    before, now = frame().with_columns(gone=1), frame(seed=1).with_columns(new=pl.lit("a"))
    columns = by_name(report(before, now))
    assert (columns["gone"]["status"], columns["new"]["status"]) == ("unknown", "unknown")
    assert columns["gone"]["reason"]
    assert columns["new"]["reason"] == "not in the baseline"
    assert columns["new"]["kind"] == "categorical"
    assert report(before, now).status == "unknown"


def test_json_has_no_nan_and_every_key() -> None:
    found = plain(report(frame(), frame(seed=1).with_columns(new=1)))
    json.dumps(found, allow_nan=False)
    columns: Any = found["columns"]
    for column in columns:
        assert set(column) >= {
            *("column", "kind", "drifted", "status", "scores", "levels", "moved", "reason"),
            *("p_value", "q_value", "null_rate", "unseen_rate"),
        }
        assert set(column["null_rate"]) == {"reference", "current"}
    assert found["rows"] == {"reference": 2000, "current": 2000}
    assert found["drifted"] is False


ODD: dict[str, pl.Series] = {
    "objects": pl.Series([object()] * 2000, dtype=pl.Object),
    "lists of texts": pl.Series([["a"]] * 2000),
    "structs": pl.Series([{"a": 1}] * 2000),
    "bytes": pl.Series([b"a"] * 2000),
    "only nulls": pl.Series([None] * 2000),
    "only NaN": pl.Series([float("nan")] * 2000),
    "only infinities": pl.Series([float("inf")] * 2000),
    "embeddings": pl.Series([[1.0, 2.0]] * 1000 + [[1.0]] * 1000),
    "a text each": pl.Series([f"id{k}" for k in range(2000)]),
    "one value": pl.Series(["a"] * 2000),
    "empty texts": pl.Series([""] * 2000),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("other", [*ODD.values(), None], ids=[*ODD, "nothing"])
def test_one_bad_column_never_spoils_the_others(odd: pl.Series, other: pl.Series | None) -> None:
    before, now = frame().with_columns(odd.alias("odd")), frame(seed=1, shift=0.8)
    if other is not None:
        now = now.with_columns(other.alias("odd"))
    found = report(before, now)
    columns = by_name(found)
    assert columns["moved"]["status"] == "drift"
    assert columns["still"]["status"] == "ok"
    assert columns["odd"]["reason"]
    assert "odd" in page(found)


def test_another_tool_is_heard_but_does_not_decide() -> None:
    before, now = frame(), frame(seed=1, shift=0.8)
    found = report(before, now, compat="evidently")
    columns = by_name(found)
    assert columns["moved"]["compat"]["method"] == "wasserstein"
    assert columns["moved"]["compat"]["drifted"] is True
    assert {name: c["status"] for name, c in columns.items()} == {
        name: c["status"] for name, c in by_name(report(before, now)).items()
    }
    assert "wasserstein" in page(found)


def test_columns_that_only_drift_together_are_found() -> None:
    random = np.random.default_rng(0)
    x, noise = random.normal(size=(2, 4000))
    before = pl.DataFrame({"x": x, "y": x + 0.1 * noise})
    now = pl.DataFrame({"x": x, "y": random.permutation(x + 0.1 * noise)})
    found = report(before, now, multivariate=True)
    assert not found.drifted
    assert verdict(found) == "drift of the columns together, in none of 2 columns alone"
    assert plain(found)["drifted"] is True
    assert "a classifier" in page(found)
    assert report(before, before, multivariate=True).status == "ok"


def test_embeddings_that_turned_are_drift_that_only_a_classifier_sees() -> None:
    rng = np.random.default_rng(0)

    def rows(related: float) -> pl.DataFrame:
        vectors = rng.normal(size=(1500, 12))
        vectors[:, 1] = related * vectors[:, 0] + (1 - related**2) ** 0.5 * vectors[:, 1]
        return pl.DataFrame({"vector": vectors.tolist()})

    before, same, now = rows(0.9), rows(0.9), rows(-0.9)
    still, moved = report(before, same), report(before, now)
    (calm,), (column,) = still.columns, moved.columns
    assert still.status == "ok"
    assert calm.classifier is not None
    assert column.classifier is not None
    assert calm.classifier.value < calm.classifier.level[1]
    assert [item.kind for item in column.drift.evidence if item.drift] == ["classifier"]
    assert "a classifier tells the embeddings apart" in column.drift.reason
    (told,) = json.loads(json.dumps(plain(moved)))["columns"]
    assert told["scores"]["domain_classifier"] == column.classifier.value > 0.6
    assert told["levels"]["domain_classifier"] == column.classifier.level[1] < 0.55
    assert "Classifier" in page(moved)


def test_running_numbers_are_left_out_of_judging_together_and_named() -> None:
    rows = frame()
    before = rows.with_row_index("id")
    now = frame(seed=1).with_row_index("id", offset=rows.height)
    found = report(before, now, multivariate=True)
    assert [score.status for score in found.together] == ["ok", "ok"]
    why = "it rises row by row, from one side into the other"
    assert found.together[0].left_out == (("id", why),)
    assert left_out(found.together) == f"without id ({why})"
    assert json.loads(json.dumps(plain(found)))["multivariate"][0]["left_out"] == {"id": why}
    assert why in page(found)


def test_instants_take_no_part_in_judging_columns_together() -> None:
    rows = frame()
    before = rows.with_columns(at=pl.lit(datetime(2025, 1, 1)))  # noqa: DTZ001
    now = frame(seed=1).with_columns(at=pl.lit(datetime(2026, 1, 1)))  # noqa: DTZ001
    found = report(before, now, multivariate=True)
    assert [score.status for score in found.together] == ["ok", "ok"]


def test_a_misspelt_column_is_refused() -> None:
    with pytest.raises(UsageError, match="'twon'"):
        make_report(Side("A", frame(), only=("twon",)), Side("B", frame(), only=("twon",)))


class Markup(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.links += [value or "" for key, value in attrs if key in {"href", "src"}]
        self.names |= {given.get("id") or ""}


def parsed(html: str) -> Markup:
    found = Markup()
    found.feed(html)
    return found


def test_p10_the_page_needs_nothing_else() -> None:
    html = page(report(frame(), frame(seed=1, shift=0.8)))
    markup = parsed(html)
    assert not {"script", "link", "img", "iframe"} & set(markup.tags)
    assert {link[1:] for link in markup.links} <= markup.names
    assert "http:" not in html
    assert "https:" not in html
    assert "default-src 'none'" in html
    assert "prefers-color-scheme: dark" in html


def test_the_page_says_it_in_a_sentence_and_draws_the_shares() -> None:
    html = page(report(frame(), frame(seed=1, shift=0.8)))
    assert "<h1>Drift in 1 of 3 columns.</h1>" in html
    assert "moved moved." in html
    assert html.count('class="then"') == html.count('class="now"') > 20
    assert "Oslo" in html


def test_sec_34_what_looks_like_html_is_shown_as_text() -> None:
    rows = {"<script>x</script>": ["<img src=x>", '"&'] * 100}
    html = page(report(rows, rows))
    assert not {"script", "img"} & set(parsed(html).tags)


def test_the_page_is_small_however_many_columns_there_are() -> None:
    random = np.random.default_rng(0)
    words = np.array([f"{'<ü&>' * 30}{k}" for k in range(40)])
    width = LINES + 100
    rows = pl.DataFrame(
        {f"{'<ü>' * 30}{number}": random.choice(words, 100) for number in range(width)}
    )
    found = report(rows, rows.reverse(), levels=False)
    html = page(found)
    assert len(html.encode()) < 2 * MB
    assert html.count("<article") == CARDS
    assert f"And {width - LINES:,} more" in html


def test_a_chart_has_few_bins_and_all_of_the_rows() -> None:
    values = [f"k{number}" for number in range(90) for _ in range(20)]
    (column,) = report({"x": values}, {"x": values[:900]}).columns
    assert len(column.bins) == MOST_BINS
    assert sum(one.baseline for one in column.bins) == pytest.approx(1)
    assert sum(one.current for one in column.bins) == pytest.approx(1)
    assert column.bins[-1].label == "the rest"


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_a_page_without_evidence_says_so(rows: int) -> None:
    html = page(report(frame(), frame(rows)))
    assert re.search(r"<h1>Not enough evidence", html)
    assert "nan" not in re.sub(r"<style>.*</style>", "", html, flags=re.DOTALL).lower()
