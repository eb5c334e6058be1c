"""Rows held against a contract: what stops, what is told, and what is taken out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.gates import data
from mooring.gates.data.case import Case
from mooring.gates.data.finding import Finding
from mooring.gates.data_gate import judge_data
from mooring.gates.terms.judging import Held, InForce, hold
from mooring.gates.terms.model import LearnedSeverities
from mooring.gates.terms.reading import parse_terms
from mooring.settings.model import Data, DataGate

DATA = Data(source="", target="y", task="regression", time="at", keys=("id",))
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=10)
COLUMNS = """
[columns.id]
type = "integer"
[columns.at]
type = "datetime"
[columns.x]
type = "float"
[columns.s]
type = "string"
[columns.y]
type = "float"
"""


def rows(count: int = 200) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": range(count),
            "at": [START + timedelta(hours=hour) for hour in range(count)],
            "x": [float(place % 10) for place in range(count)],
            "s": ["ab"[place % 2] for place in range(count)],
            "y": [float(place % 7) for place in range(count)],
        }
    )


def held(
    text: str,
    frame: pl.DataFrame | None = None,
    rules: DataGate | None = None,
    newer: pl.Series | None = None,
    **tables: pl.DataFrame,
) -> Held:
    case = Case(rows() if frame is None else frame, DATA, rules or DataGate())
    return hold(case, InForce(parse_terms(text), tables), now=NOW, newer=newer)


def only(found: Held) -> Finding:
    assert len(found.findings) == 1, found.findings
    return found.findings[0]


def with_value(column: str, value: object, *places: int) -> pl.DataFrame:
    frame = rows()
    there = pl.int_range(pl.len()).is_in(places)
    other = pl.lit(value, dtype=frame.schema[column])
    return frame.with_columns(pl.when(there).then(other).otherwise(pl.col(column)).alias(column))


def test_rows_that_meet_every_term_pass_without_a_word() -> None:
    found = held(
        """
        [table]
        min_rows = 1
        max_rows = 1000
        unique = [["id", "at"]]
        [relations]
        "y <= x + 7" = "stop"
        [columns.id]
        type = "integer"
        unique = true
        [columns.at]
        type = "datetime"
        monotone = true
        max_age = "3d"
        [columns.x]
        type = "float"
        max_missing = 0
        min = 0
        max = 9
        [columns.s]
        type = "string"
        categories = ["a", "b"]
        [columns.y]
        type = "float"
        """
    )
    assert found.findings == ()
    assert found.taken is None
    assert found.kept.equals(rows())


@pytest.mark.parametrize(
    ("column", "term", "value", "rule", "example"),
    [
        ("x", "max_missing = 0", None, "missing", None),
        ("x", "min = 0", -1.0, "range", "-1"),
        ("x", "max = 9", 9999.0, "range", "9999"),
        ("s", 'categories = ["a", "b"]', "A", "categories", "'A'"),
    ],
)
@pytest.mark.parametrize("severity", ["stop", "warn", "quarantine"])
def test_a_broken_term_names_the_column_the_rows_and_a_value(  # noqa: PLR0913, PLR0917 - each is one
    column: str, term: str, value: object, rule: str, example: str | None, severity: str
) -> None:
    text = COLUMNS.replace(f"[columns.{column}]", f"[columns.{column}]\n{term}")
    text += f'[severity]\n{rule} = "{severity}"\n'
    found = held(text, with_value(column, value, 3, 4))
    finding = only(found)
    assert (finding.column, finding.rule, finding.severity) == (column, rule, severity)
    assert finding.rows == 2
    assert finding.examples == (() if example is None else (example,))
    assert found.outcome == ("fail" if severity == "stop" else "pass")
    assert found.kept.height == (198 if severity == "quarantine" else 200)


def test_fd_02_an_error_code_is_taken_out_and_the_rest_goes_on() -> None:
    text = COLUMNS.replace("[columns.x]", "[columns.x]\nmin = 0")
    text += '[severity]\nrange = "quarantine"\n'
    found = held(text, with_value("x", -1.0, 5, 7))
    assert found.taken is not None
    assert found.taken["mooring_row"].to_list() == [5, 7]
    assert found.taken["mooring_rule"].to_list() == ["range of x"] * 2
    assert found.taken["x"].to_list() == [-1.0, -1.0]
    assert found.kept["id"].to_list() == [place for place in range(200) if place not in {5, 7}]
    assert found.outcome == "pass"


def test_a_row_that_two_rules_catch_names_both() -> None:
    text = COLUMNS + '[relations]\n"x >= 0" = "quarantine"\n"x + 2 > 0" = "quarantine"\n'
    found = held(text, with_value("x", -3.0, 5))
    assert found.taken is not None
    assert found.taken["mooring_rule"].to_list() == ["x >= 0; x + 2 > 0"]


def test_a_row_that_is_out_cannot_stop_the_run() -> None:
    text = COLUMNS.replace("[columns.x]", "[columns.x]\nmin = 0")
    text += '[relations]\n"x >= y - 7" = "stop"\n[severity]\nrange = "quarantine"\n'
    assert held(text, with_value("x", -99.0, 5)).outcome == "pass"


@pytest.mark.parametrize(("count", "outcome"), [(4, "pass"), (5, "fail")])
def test_more_rows_quarantined_than_the_user_allows_stop_the_run(count: int, outcome: str) -> None:
    text = COLUMNS + '[relations]\n"x >= 0" = "quarantine"\n'
    found = held(text, with_value("x", -1.0, *range(count)), DataGate(max_quarantined=0.02))
    assert found.outcome == outcome
    assert found.taken is not None
    assert found.taken.height == count, "they are kept to look at either way"


def test_the_tolerance_is_a_share_of_the_rows() -> None:
    text = "[tolerance]\nrange = 0.02\n" + COLUMNS.replace("[columns.x]", "[columns.x]\nmin = 0")
    assert held(text, with_value("x", -1.0, *range(4))).findings == ()
    assert only(held(text, with_value("x", -1.0, *range(5)))).severity == "stop"


def test_old_rows_do_not_dilute_a_fault_of_the_new_ones() -> None:
    text = "[tolerance]\nrange = 0.1\n" + COLUMNS.replace("[columns.x]", "[columns.x]\nmin = 0")
    frame = with_value("x", -1.0, *range(185, 200))
    newer = pl.Series([place >= 100 for place in range(200)])
    assert held(text, frame).findings == ()
    assert "among the 100 rows that are new" in only(held(text, frame, newer=newer)).found


def test_missing_values_are_taken_out_only_when_they_are_too_many() -> None:
    text = COLUMNS.replace("[columns.x]", "[columns.x]\nmax_missing = 0.01")
    text += '[severity]\nmissing = "quarantine"\n'
    assert held(text, with_value("x", None, 1, 2)).taken is None
    taken = held(text, with_value("x", None, 1, 2, 3)).taken
    assert taken is not None
    assert taken.height == 3


def test_fd_13_a_batch_that_came_twice_is_named_by_its_key() -> None:
    frame = pl.concat([rows(), rows().head(10)])
    text = COLUMNS.replace("[columns.id]", "[columns.id]\nunique = true")
    text = text.replace("[columns.at]", "[columns.at]\nmonotone = true")
    rules = {finding.rule: finding for finding in held(text, frame).findings}
    assert {name: finding.rows for name, finding in rules.items()} == {
        "unique": 10,
        "monotone": 10,
    }
    assert rules["unique"].examples == (), "the values of keys are not written down"


def test_a_batch_that_came_twice_is_taken_out_once() -> None:
    frame = pl.concat([rows(), rows().head(3)])
    text = '[table]\nunique = [["id", "at"]]\n[severity]\nunique = "quarantine"\n' + COLUMNS
    assert held(text, frame).kept.equals(rows())


def test_rows_without_a_key_are_not_each_others_double() -> None:
    text = COLUMNS.replace("[columns.id]", "[columns.id]\nunique = true")
    assert held(text, with_value("id", None, 1, 2)).findings == ()


@pytest.mark.parametrize(("days", "stops"), [(1, True), (3, False)])
def test_fd_14_a_feed_that_stopped_is_too_old(days: int, stops: bool) -> None:
    text = COLUMNS.replace("[columns.at]", f'[columns.at]\nmax_age = "{days}d"')
    found = held(text)
    assert bool(found.findings) is stops
    if stops:
        assert only(found).found == "2026-01-09 07:00"


@pytest.mark.parametrize(
    ("term", "said"), [("min_rows = 201", "at least"), ("max_rows = 199", "at most")]
)
def test_volume_has_two_ends(term: str, said: str) -> None:
    assert only(held(f"[table]\n{term}\n{COLUMNS}")).expected.startswith(said)


def test_fd_08_a_column_that_is_gone_and_one_that_is_new_are_both_told() -> None:
    found = held(COLUMNS, rows().rename({"x": "X"}))
    assert [(f.column, f.severity) for f in found.findings] == [("x", "stop"), ("X", "warn")]
    assert found.findings[0].cure == "did you mean 'X'?"


def test_fd_08_a_wider_type_is_told_and_another_stops() -> None:
    text = COLUMNS.replace('[columns.x]\ntype = "float"', '[columns.x]\ntype = "integer"')
    assert only(held(text)).severity == "warn"
    assert only(held(text, with_value("x", 0.5, 1))).severity == "stop"
    assert only(held(COLUMNS, rows().with_columns(pl.col("x").cast(pl.String)))).severity == "stop"


def test_a_foreign_key_finds_the_orphans() -> None:
    text = COLUMNS + '[datasets]\nshops = "shops.csv"\n[relations]\n"s in shops.name" = "stop"\n'
    found = held(text, with_value("s", "c", 1), shops=pl.DataFrame({"name": ["a", "b"]}))
    assert only(found).examples == ("'c'",)
    assert held(text, shops=pl.DataFrame({"name": ["a", "b", "c"]})).findings == ()


@pytest.mark.parametrize("severity", ["stop", "warn", "quarantine"])
@pytest.mark.parametrize(
    "shops", [pl.DataFrame({"nam": ["a"]}), pl.DataFrame({"name": [1]}), pl.DataFrame({"id": []})]
)
def test_p3_what_cannot_be_evaluated_stops_whatever_its_severity(
    shops: pl.DataFrame, severity: str
) -> None:
    text = COLUMNS + f'[datasets]\nshops = "s"\n[relations]\n"s in shops.name" = "{severity}"\n'
    found = held(text, shops=shops)
    assert only(found).severity == "stop"
    assert "cannot be evaluated" in only(found).found


def test_a_relation_says_nothing_of_rows_that_lack_a_value() -> None:
    text = COLUMNS + '[relations]\n"x >= 0" = "stop"\n'
    assert held(text, with_value("x", None, 1, 2)).findings == ()


def test_a_relation_shows_both_values() -> None:
    text = COLUMNS + '[relations]\n"x <= y + 9" = "stop"\n'
    assert only(held(text, with_value("x", 99.0, 8))).examples == ("x 99.0 and y 1.0",)


# --- together with what is learned ----------------------------------------------------------------


def judged(text: str, now: pl.DataFrame) -> dict[str, str]:
    first = judge_data(rows(), None, None, DataGate(), DATA)
    contract = InForce(parse_terms(text), {})
    found = judge_data(
        now, first.contract, first.profile, DataGate(), DATA, in_force=contract, now=NOW
    )
    return {f"{finding.column}:{finding.rule}": finding.severity for finding in found.findings}


def test_what_the_contract_allows_is_told_and_does_not_stop() -> None:
    null_flood = with_value("x", None, *range(60))
    strict = COLUMNS.replace("[columns.x]", "[columns.x]\nmax_missing = 0.1")
    lax = COLUMNS.replace("[columns.x]", "[columns.x]\nmax_missing = 0.5")
    assert judged(COLUMNS, null_flood)["x:missing"] == "stop", "the contract says nothing of it"
    assert judged(strict, null_flood)["x:missing"] == "stop"
    assert judged(lax, null_flood)["x:missing"] == "warn"


def test_a_learned_rule_does_what_the_contract_says_of_it_by_name() -> None:
    scaled = rows().with_columns(pl.col("x") * 1000)
    assert judged(COLUMNS, scaled)["x:scale"] == "stop"
    assert judged('[learned]\nscale = "warn"\n' + COLUMNS, scaled)["x:scale"] == "warn"
    constant = rows().with_columns(s=pl.lit("a"))
    assert judged(COLUMNS, constant)["s:idle"] == "warn"
    assert judged('[learned]\nidle = "stop"\n' + COLUMNS, constant)["s:idle"] == "stop"


def test_every_learned_rule_can_be_named() -> None:
    folder = Path(data.__path__[0])
    texts = [file.read_text() for file in folder.glob("*.py")]
    rules = {name for text in texts for name in re.findall(r'\brule="(\w+)"', text)}
    firm = {"declared", "features", "target", "time"}
    assert {"flood", "scale", "ranges"} <= rules
    assert rules - firm <= set(LearnedSeverities.__struct_fields__)
    assert not firm & set(LearnedSeverities.__struct_fields__), "without these nothing is trained"


def test_a_column_that_the_contract_dropped_may_go() -> None:
    without = COLUMNS.replace('[columns.s]\ntype = "string"\n', "")
    assert judged(COLUMNS, rows().drop("s"))["s:columns"] == "stop"
    assert judged(without, rows().drop("s")) == {"s:schema": "warn"}


def test_rows_that_are_out_are_not_learned_from() -> None:
    text = COLUMNS + '[relations]\n"x >= 0" = "quarantine"\n'
    bad = with_value("x", -9999.0, 3)
    contract = InForce(parse_terms(text), {})
    found = judge_data(bad, None, None, DataGate(), DATA, in_force=contract, now=NOW)
    x = found.contract.column("x")
    assert x is not None
    assert x.minimum == 0.0
    assert found.contract.rows == 199


def test_a_missing_target_is_told_once() -> None:
    assert list(judged(COLUMNS, rows().drop("y"))).count("y:target") == 1
    assert "y:columns" not in judged(COLUMNS, rows().drop("y"))


def test_warn_only_softens_the_contract_too() -> None:
    text = COLUMNS.replace("[columns.x]", "[columns.x]\nmax = 5")
    contract = InForce(parse_terms(text), {})
    rules = DataGate(warn_only=("x",))
    found = judge_data(rows(), None, None, rules, DATA, in_force=contract, now=NOW)
    assert [finding.severity for finding in found.findings] == ["warn"]


# --- laws of the quarantine -----------------------------------------------------------------------

STRICT = """
[severity]
missing = "quarantine"
range = "quarantine"
unique = "quarantine"
monotone = "quarantine"
[relations]
"a <= b" = "quarantine"
[columns.a]
type = "integer"
max_missing = 0
min = -5
max = 5
unique = true
[columns.b]
type = "integer"
monotone = true
"""
small = st.one_of(st.none(), st.integers(-9, 9))


@given(st.lists(st.tuples(small, small), min_size=1, max_size=30))
def test_quarantine_divides_the_rows_and_leaves_none_that_it_would_take(
    values: list[tuple[int | None, int | None]],
) -> None:
    frame = pl.DataFrame(values, schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    first = held(STRICT, frame)
    out = [] if first.taken is None else first.taken["mooring_row"].to_list()
    assert first.kept.equals(frame[[place for place in range(len(values)) if place not in out]])
    if first.taken is not None:
        assert first.taken.drop("mooring_rule", "mooring_row").equals(frame[out])
        assert all(first.taken["mooring_rule"].to_list())
    if first.kept.height:
        assert held(STRICT, first.kept).taken is None
