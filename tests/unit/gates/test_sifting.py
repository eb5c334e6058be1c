"""Rows that a detector names are taken out, and the gate judges what is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.gates.data.finding import Finding
from mooring.gates.data_gate import DataJudgement, judge_data
from mooring.gates.sifting import TURNS, Look, sift
from mooring.gates.terms.judging import InForce
from mooring.gates.terms.reading import parse_terms
from mooring.gates.terms.taking import left_by
from mooring.settings.model import Data, DataGate

DATA = Data(source="rows.csv", target="sold", task="regression", time="at", keys=("shop",))
START = datetime(2025, 1, 1, tzinfo=UTC)
HOURS, NEW = 2400, 240
ROOM = DataGate(max_quarantined=0.2)
Fault = Callable[[pl.DataFrame], pl.DataFrame]
DAY = START + timedelta(hours=HOURS - 144)


@cache
def rows() -> pl.DataFrame:
    random = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "at": [START + timedelta(hours=hour) for hour in range(HOURS)],
            "shop": random.choice(["north", "south", "west"], HOURS),
            "sky": random.choice(["clear", "rain"], HOURS),
            "price": random.lognormal(3, 0.5, HOURS).round(2),
            "visits": random.poisson(400, HOURS).astype(float),
            "sold": random.poisson(50, HOURS).astype(float),
        }
    )


@cache
def accepted() -> DataJudgement:
    return judge_data(rows()[:-NEW], None, None, ROOM, DATA)


def delivered(fault: Fault) -> pl.DataFrame:
    return pl.concat([rows()[:-NEW], fault(rows()[-NEW:])], how="vertical_relaxed")


def judge(frame: pl.DataFrame, terms: str, rules: DataGate = ROOM) -> DataJudgement:
    before, contract = accepted(), InForce(parse_terms(terms), {})
    return judge_data(
        frame, before.contract, before.profile, rules, DATA, in_force=contract, past=before.past
    )


def put(column: str, value: object, where: pl.Expr) -> Fault:
    return lambda new: new.with_columns(
        pl.when(where).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )


def some(share: float) -> pl.Expr:
    return (pl.int_range(pl.len()) * 37) % 100 < 100 * share


def broken_day(new: pl.DataFrame) -> pl.DataFrame:
    there = pl.col("at").is_between(DAY, DAY + timedelta(days=1), "left")
    return new.with_columns(
        pl.when(there).then(pl.col(name) * 4).otherwise(pl.col(name)).alias(name)
        for name in ("price", "visits", "sold")
    )


def is_broken_day() -> pl.Expr:
    return pl.col("at").is_between(DAY, DAY + timedelta(days=1), "left")


LATER = pl.col("at") >= START + timedelta(hours=HOURS - NEW)
FAULTS: dict[str, tuple[str, Fault, pl.Expr]] = {
    "FD-02": ("flood", put("visits", -1.0, some(0.1)), pl.col("visits") == -1),
    "FD-03": ("missing", put("price", None, some(0.2)), pl.col("price").is_null()),
    "FD-05": ("categories", put("sky", "Clear ", some(0.2)), pl.col("sky") == "Clear "),
    "FD-17": ("ranges", put("price", 1e6, some(0.05)), pl.col("price") == 1e6),
    "FD-13": (
        "duplicates",
        lambda new: pl.concat([new, new[:60]]),
        pl.int_range(pl.len()) >= HOURS,
    ),
    "FD-19": (
        "partition",
        put("visits", 4000.0, pl.col("shop") == "west"),
        LATER & (pl.col("shop") == "west"),
    ),
    "FD-25": ("partition", broken_day, is_broken_day()),
    "FD-58": ("infinite", put("price", float("inf"), some(0.05)), pl.col("price").is_infinite()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fd_02_the_rows_of_a_fault_are_taken_out_and_the_rest_passes(fault: str) -> None:
    rule, inject, which = FAULTS[fault]
    frame = delivered(inject)
    assert judge(frame, "").outcome == "fail", "without a word in the contract it stops"
    judgement = judge(frame, f'[learned]\n{rule} = "quarantine"\n')
    assert judgement.outcome == "pass", judgement.stops
    expected = frame.with_columns(broken=which).filter("broken").drop("broken")
    taken = judgement.held.taken
    assert taken is not None
    assert taken.drop("mooring_rule", "mooring_row").equals(expected)
    assert {name.split(" of ")[0] for name in taken["mooring_rule"]} == {rule}
    assert judgement.held.kept.equals(left_by(frame, taken))
    assert judgement.contract.rows == judgement.held.kept.height, "what is left is accepted"


def test_fd_02_what_was_taken_out_is_told_with_its_count() -> None:
    judgement = judge(delivered(FAULTS["FD-02"][1]), '[learned]\nflood = "quarantine"\n')
    [told] = [f for f in judgement.findings if f.severity == "quarantine"]
    assert told.column == "visits"
    assert "taken out (24 rows, such as -1)" in str(told)


def test_fd_19_the_group_whose_rows_are_out_is_not_told_when_it_is_a_key() -> None:
    judgement = judge(delivered(FAULTS["FD-19"][1]), '[learned]\npartition = "quarantine"\n')
    [told] = [f for f in judgement.findings if f.severity == "quarantine"]
    assert "where shop is one value" in str(told)
    assert "west" not in str(told)


def test_a_second_code_in_the_same_column_is_found_once_the_first_is_out() -> None:
    two = put("visits", -1.0, some(0.1))
    frame = delivered(lambda new: put("visits", 9999.0, some(0.15) & ~some(0.1))(two(new)))
    judgement = judge(frame, '[learned]\nflood = "quarantine"\nranges = "quarantine"\n')
    assert judgement.outcome == "pass", judgement.stops
    assert set(judgement.held.taken["visits"]) == {-1.0, 9999.0}  # type: ignore[index]
    places = judgement.held.taken["mooring_row"]  # type: ignore[index]
    assert frame[places.to_list()]["visits"].is_in([-1.0, 9999.0]).all()


def test_more_rows_than_the_user_allows_stop_the_run() -> None:
    text = '[learned]\nflood = "quarantine"\n'
    judgement = judge(delivered(FAULTS["FD-02"][1]), text, DataGate(max_quarantined=0.005))
    assert judgement.outcome == "fail"
    [stop] = [finding for finding in judgement.stops if finding.rule == "quarantine"]
    assert "at most 0.5 % of the rows taken out" in stop.expected
    assert stop.rows == 24


def test_rows_of_the_contract_and_of_a_detector_are_taken_out_together() -> None:
    flood = put("visits", -1.0, some(0.1))
    frame = delivered(lambda new: put("price", -5.0, pl.int_range(pl.len()) < 4)(flood(new)))
    text = '[relations]\n"price > 0" = "quarantine"\n[learned]\nflood = "quarantine"\n'
    text += "".join(
        f'[columns.{name}]\ntype = "{kind}"\n'
        for name, kind in {
            **dict.fromkeys(("price", "visits", "sold"), "float"),
            **dict.fromkeys(("shop", "sky"), "string"),
            "at": "datetime",
        }.items()
    )
    judgement = judge(frame, text)
    assert judgement.outcome == "pass", judgement.stops
    taken = judgement.held.taken
    assert taken is not None
    assert set(taken["mooring_rule"]) == {"price > 0", "flood of visits"}
    assert frame[taken["mooring_row"].to_list()].equals(taken.drop("mooring_rule", "mooring_row"))
    assert taken.height + judgement.held.kept.height == frame.height


def test_a_rule_of_the_contract_does_not_stop_for_rows_that_a_detector_took_out() -> None:
    text = '[columns.visits]\ntype = "float"\nmin = 0\n[learned]\nflood = "quarantine"\n'
    judgement = judge(delivered(FAULTS["FD-02"][1]), text)
    assert judgement.outcome == "pass", judgement.stops


def test_what_only_warns_is_not_taken_out() -> None:
    few = put("price", None, pl.int_range(pl.len()) % 40 == 0)
    judgement = judge(delivered(few), '[learned]\nmissing = "quarantine"\n')
    assert [f.severity for f in judgement.findings if f.rule == "missing"] == ["warn"]
    assert judgement.held.taken is None


def test_a_column_that_may_only_warn_loses_no_rows() -> None:
    rules = DataGate(max_quarantined=0.2, warn_only=("visits",))
    judgement = judge(delivered(FAULTS["FD-02"][1]), '[learned]\nflood = "quarantine"\n', rules)
    assert judgement.outcome == "pass"
    assert judgement.held.taken is None


def test_copies_cannot_be_named_where_rows_are_alike_by_nature() -> None:
    alike = rows().with_columns(at=pl.col("at").dt.truncate("1d"), price=1.0, visits=1.0, sold=1.0)
    before = judge_data(alike[:-NEW], None, None, ROOM, DATA)
    contract = InForce(parse_terms('[learned]\nduplicates = "quarantine"\nidle = "warn"\n'), {})
    assert before.past.copies > 0.5
    judgement = judge_data(
        pl.concat([alike, alike]),
        *(before.contract, before.profile, ROOM, DATA),
        in_force=contract,
        past=before.past,
    )
    assert "duplicates" in {finding.rule for finding in judgement.stops}
    assert judgement.held.taken is None


@given(names=st.lists(st.lists(st.booleans(), min_size=6, max_size=6), max_size=2 * TURNS))
def test_sifting_ends_and_divides_the_rows(names: list[list[bool]]) -> None:
    """Whatever the detectors name, in so many turns, no row is lost and none is made."""
    case = accepted_case(pl.DataFrame({"x": range(6)}))
    turns = iter(names)

    def look(case_now: object) -> Look:
        frame = case_now.frame  # type: ignore[attr-defined]
        mask = pl.Series((next(turns, [False] * 6))[: frame.height], dtype=pl.Boolean)
        found = Finding("x", "flood", "quarantine", "", "", 0, which=mask)
        seen = (found,) if mask.any() else ()
        before = accepted()
        return Look(seen, before.held.__class__((), frame), before.contract, before.profile)

    seen = sift(case, look)  # type: ignore[arg-type]
    taken = seen.held.taken
    kept, out = seen.held.kept["x"].to_list(), [] if taken is None else taken["x"].to_list()
    assert sorted(kept + out) == list(range(6))
    assert taken is None or taken["mooring_row"].to_list() == out
    left_over = [f for f in seen.findings if f.which is not None and f.severity == "quarantine"]
    assert not left_over, "what is named and not taken out stops"


def accepted_case(frame: pl.DataFrame) -> object:
    from mooring.gates.data.case import Case

    return Case(frame, DATA, DataGate(max_quarantined=0.99))
