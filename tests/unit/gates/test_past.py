"""What accepted rows leave behind: the same in any order, exact as bytes, and never a key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from mooring.errors import ArtifactError
from mooring.gates.data.case import Case, describe_case
from mooring.gates.data.past import MARKS, Past, from_bytes, remember, to_bytes
from mooring.gates.data_gate import judge_data
from mooring.settings.model import Data, DataGate

DATA = Data(source="", target="y", task="regression", time="at", keys=("who",))
START = datetime(2025, 1, 1, tzinfo=UTC)


def rows(days: int = 30, seed: int = 1) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    n = 24 * days
    return pl.DataFrame(
        {
            "at": [START + timedelta(hours=k) for k in range(n)],
            "who": random.choice(["Ada Byron", "Alan Turing"], n),
            "sky": random.choice(["clear", "rain"], n),
            "x": random.normal(0, 1, n),
            "y": random.normal(0, 1, n),
        }
    )


def past_of(frame: pl.DataFrame, data: Data = DATA) -> Past:
    case = Case(frame, data, DataGate())
    return remember(case, describe_case(case)[0])


def test_the_order_of_the_rows_does_not_matter() -> None:
    mixed = rows().sample(fraction=1, shuffle=True, seed=4)
    one, other = past_of(rows()), past_of(mixed)
    assert (one.identity, one.marks, one.runs, one.types) == (
        other.identity,
        other.marks,
        other.runs,
        other.types,
    )
    for a, b in zip(one.periods, other.periods, strict=True):
        assert (a.value, a.rows, a.missing) == (b.value, b.rows, b.missing)
        np.testing.assert_allclose(a.means, b.means, rtol=1e-9)


def test_it_comes_back_from_bytes_as_it_was() -> None:
    past = past_of(rows())
    assert to_bytes(from_bytes(to_bytes(past))) == to_bytes(past)
    assert from_bytes(to_bytes(past)).hours == past.hours


@pytest.mark.parametrize("data", [b"", b"something else", to_bytes(Past())[:-9]])
def test_other_bytes_are_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="not a summary of accepted rows"):
        from_bytes(data)


def test_a_key_is_cut_into_slices_and_its_values_are_not_kept() -> None:
    past = past_of(rows())
    assert set(past.slices) == {"who", "sky"}
    assert {p.value for p in past.slices["sky"]} == {"clear", "rain"}
    assert b"Ada" not in repr(past).encode()


def test_it_stays_small_however_many_rows_there_are() -> None:
    small, large = (len(to_bytes(past_of(rows(days)))) for days in (300, 900))
    assert len(past_of(rows(300)).marks) == MARKS
    assert large < 1.2 * small


def test_instants_that_lose_their_zone_stop_and_keep_their_meaning_otherwise() -> None:
    first = judge_data(rows(), None, None, DataGate(), DATA)
    naive = rows().with_columns(pl.col("at").dt.replace_time_zone(None))
    judged = judge_data(naive, first.contract, first.profile, DataGate(), DATA, past=first.past)
    assert [finding.rule for finding in judged.stops] == ["clock"]
    other = rows().with_columns(pl.col("at").dt.convert_time_zone("Asia/Tokyo"))
    judged = judge_data(other, first.contract, first.profile, DataGate(), DATA, past=first.past)
    assert judged.outcome == "pass"


def test_the_same_rows_once_more_are_told_and_pass() -> None:
    first = judge_data(rows(), None, None, DataGate(), DATA)
    judged = judge_data(rows(), first.contract, first.profile, DataGate(), DATA, past=first.past)
    assert judged.outcome == "pass"
    assert [finding.rule for finding in judged.findings] == ["feed"]


def test_a_key_whose_rows_break_is_told_without_its_name() -> None:
    frame = rows(60)
    first = judge_data(frame.head(24 * 40), None, None, DataGate(), DATA)
    late = pl.int_range(pl.len()) >= 24 * 40
    broken = pl.when(late & (pl.col("who") == "Ada Byron")).then(pl.col("x") + 50).otherwise("x")
    judged = judge_data(
        frame.with_columns(x=broken),
        first.contract,
        first.profile,
        DataGate(),
        DATA,
        past=first.past,
    )
    found = [f for f in judged.stops if f.rule == "partition" and "who" in f.expected]
    assert found
    assert all("Ada" not in str(finding) for finding in judged.findings)
