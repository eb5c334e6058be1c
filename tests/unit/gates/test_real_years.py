"""The model gate over years of real data: a small version of ``bench/gates/real.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.gates.real import CENSUS, ELEC, Judged, Years, lived


def years_of(years: Years, folder: Path, last: int) -> list[Judged]:
    if not (folder / years.name).is_dir():
        pytest.skip(f"there is no {years.name}")
    return list(lived(years, years.read(folder), last))


def test_where_the_data_drifts_and_nothing_is_to_be_gained_the_champion_stays(
    shared_data: Path,
) -> None:
    """Census: 28 and more of 42 chunks alarm, and retraining buys 0.3 % of the log loss."""
    found = years_of(CENSUS, shared_data, 7)
    assert [one.verdict.outcome for one in found] == ["fail"] * 2
    assert all(abs(one.always - one.never) < 0.02 * one.never for one in found)


def test_models_that_are_worse_than_none_are_refused(shared_data: Path) -> None:
    """Elec2: a model of eight weeks of a changing market can be worse than a constant."""
    found = years_of(ELEC, shared_data, 17)
    worse = [
        one for one in found
        if (one.verdict.candidate_value or 0) > min(one.served, one.trivial)
    ]  # fmt: skip
    assert len(worse) >= 4
    assert not [one.block for one in worse if one.verdict.outcome == "pass"]
    assert sum(one.served for one in found) < sum(one.always for one in found)
