"""Promotion, splits, rollback, overrides, and how a person names a version."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from mooring.errors import CatalogError, NoVerdict, UnknownName, UsageError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction, open_catalog
from mooring.lineage.catalog.queries import Traffic
from mooring.lineage.deployments import (
    Change,
    find_version,
    override,
    promote,
    roll_back,
    split_traffic,
)
from tests.facts import AT, HOUR, NAME, Story


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Versions 1 to 4, all passed but the fourth."""
    catalog = open_catalog(f"sqlite:///{tmp_path}/c.db")
    story = Story(catalog)
    for number in range(1, 5):
        story.made(number, "pass" if number < 4 else "fail")
    yield story
    catalog.close()


def changed(story: Story, change: Callable[[Transaction, Change], Traffic]) -> dict[str, float]:
    """Makes a change; the shares by version number, the champion's first."""
    story.later()
    with story.catalog.write() as tx:
        traffic = change(tx, story.change())
        tx.append(traffic.revision, *traffic.arms)
    arms = sorted(traffic.arms, key=lambda arm: arm.role != "champion")
    return {arm.model_version.rpartition("/")[2]: round(arm.weight, 9) for arm in arms}


def promoted(story: Story, number: int) -> dict[str, float]:
    """Promotes a version."""
    return changed(story, lambda tx, change: promote(tx, change, f"{NAME}/{number}"))


def split(story: Story, **shares: float) -> dict[str, float]:
    """Divides the traffic over ``v1=…, v2=…``."""
    weights = {f"{NAME}/{name[1:]}": share for name, share in shares.items()}
    return changed(story, lambda tx, change: split_traffic(tx, change, weights))


def test_a_promotion_gives_all_of_the_traffic(story: Story) -> None:
    assert promoted(story, 2) == {"2": 1.0}
    assert promoted(story, 1) == {"1": 1.0}
    with story.catalog.read() as tx:
        assert [r.number for r in queries.revisions(tx, NAME)] == [1, 2]


def test_p2_a_version_without_a_pass_is_not_promoted(story: Story) -> None:
    with story.catalog.read() as tx, pytest.raises(NoVerdict) as refused:
        promote(tx, story.change(), f"{NAME}/4")
    assert "model: fail" in refused.value.where
    assert "mooring override v4" in refused.value.fix


def test_the_champion_keeps_what_others_leave(story: Story) -> None:
    promoted(story, 1)
    assert split(story, v2=0.4) == {"1": 0.6, "2": 0.4}
    assert split(story, v2=0.1, v3=0.2) == {"1": 0.7, "2": 0.1, "3": 0.2}
    assert split(story, v2=0.0) == {"1": 1.0}


def test_the_champion_stays_champion_while_it_has_a_share(story: Story) -> None:
    promoted(story, 1)
    assert list(split(story, v1=0.01, v2=0.99)) == ["1", "2"]
    assert list(split(story, v2=0.3, v3=0.7)) == ["3", "2"], "then the heaviest leads"


def test_typed_decimals_add_up(story: Story) -> None:
    promoted(story, 1)
    assert split(story, v1=0.1, v2=0.2, v3=0.7) == {"1": 0.1, "2": 0.2, "3": 0.7}
    assert sum(split(story, v1=1 / 3, v2=1 / 3, v3=1 / 3).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "weights",
    [
        {"1": 0.5, "2": 0.4},
        {"2": 1.1},
        {"2": -0.5},
        {"1": 1.0, "2": -0.5},
        {"2": 0.6, "3": 0.6},
        {"2": math.nan},
        {"1": 0.5, "2": math.nan},
        {"1": 0.0},
        {"2": math.inf},
    ],
)
def test_shares_that_make_no_whole_are_refused(story: Story, weights: Mapping[str, float]) -> None:
    promoted(story, 1)
    wanted = {f"{NAME}/{number}": weight for number, weight in weights.items()}
    with story.catalog.read() as tx, pytest.raises(UsageError, match="add up to 1"):
        split_traffic(tx, story.change(), wanted)


def test_there_is_nothing_to_split_before_the_first_deployment(story: Story) -> None:
    with story.catalog.read() as tx, pytest.raises(UnknownName, match="no traffic yet"):
        split_traffic(tx, story.change(), {f"{NAME}/1": 1.0})


def test_a_rollback_goes_back_one_champion_each_time(story: Story) -> None:
    for number in (1, 2, 3):
        promoted(story, number)
    assert changed(story, roll_back) == {"2": 1.0}
    assert changed(story, roll_back) == {"1": 1.0}
    with story.catalog.read() as tx, pytest.raises(CatalogError, match="no earlier champion"):
        roll_back(tx, story.change())
    assert promoted(story, 3) == {"3": 1.0}
    assert changed(story, roll_back) == {"1": 1.0}


def test_a_rollback_undoes_a_split_that_moved_the_champion(story: Story) -> None:
    promoted(story, 1)
    split(story, v2=0.2)
    split(story, v2=1.0)
    assert changed(story, roll_back) == {"1": 1.0}


def test_p2_a_rollback_does_not_revive_an_override_that_has_expired(story: Story) -> None:
    with story.catalog.write() as tx:
        tx.append(override(story.change(), f"{NAME}/4", AT + 2 * HOUR))
    assert promoted(story, 4) == {"4": 1.0}
    promoted(story, 1)
    story.later(5)
    with story.catalog.read() as tx, pytest.raises(NoVerdict):
        roll_back(tx, story.change())


def test_an_override_is_named_reasoned_and_ends(story: Story) -> None:
    found = override(story.change("the launch"), f"{NAME}/4", AT + HOUR)
    assert (found.by, found.reasons, found.until) == ("ana", ("the launch",), AT + HOUR)
    assert (found.gate, found.outcome, found.model_version) == ("override", "override", f"{NAME}/4")
    with pytest.raises(UsageError, match="needs a reason"):
        override(story.change("  "), f"{NAME}/4", AT + HOUR)
    with pytest.raises(UsageError, match="end in the future"):
        override(story.change(), f"{NAME}/4", AT)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *((text, 2) for text in ("2", "v2", "02", "bikes/2", "bikes/v2", "models:/bikes/2")),
        *((text, 1) for text in ("champion", "@champion", "bikes@champion")),
        *((text, 1) for text in ("models:/bikes@champion",)),
        *((text, 3) for text in ("challenger", "models:/bikes@challenger")),
        ("other/1", 0),
        ("models:/other@champion", 0),
    ],
)
def test_a_version_goes_by_several_names(story: Story, text: str, number: int) -> None:
    promoted(story, 1)
    split(story, v2=0.1, v3=0.3)
    with story.catalog.read() as tx:
        if number:
            assert find_version(tx, NAME, text).version == number
        else:
            with pytest.raises(UnknownName):
                find_version(tx, NAME, text)


@pytest.mark.parametrize(
    "text", ["", "latest", "v", "-1", "1.5", "a/b/1", "champion@", "٢", "9" * 99]
)
def test_what_names_no_version_is_answered_with_the_newest(story: Story, text: str) -> None:
    with story.catalog.read() as tx, pytest.raises(UnknownName) as refused:
        find_version(tx, NAME, text)
    assert "v4, v3, v2" in refused.value.fix


def test_an_alias_without_traffic_says_where_to_look(story: Story) -> None:
    promoted(story, 1)
    with story.catalog.read() as tx, pytest.raises(UnknownName, match="no challenger"):
        find_version(tx, NAME, "challenger")
    with (
        story.catalog.read() as tx,
        pytest.raises(UnknownName, match="no model version") as refused,
    ):
        find_version(tx, "empty", "v9")
    assert "none yet: mooring run" in refused.value.fix
