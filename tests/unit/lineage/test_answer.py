"""The 3am question and its reverse, from facts in a real catalog."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mooring.errors import UnknownName
from mooring.lineage import deployments
from mooring.lineage.answer import dataset_answer, lineage_answer, version_answer
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import open_catalog
from mooring.lineage.values import DatasetSource, Metric, ModelVersion, RunDataset, Verdict
from tests.facts import AT, HOUR, NAME, Story, dataset, run, verdict


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Version 1 serves; version 2 failed, and an override gives it 40 % for six hours."""
    catalog = open_catalog(f"sqlite:///{tmp_path}/c.db")
    story = Story(catalog)
    for number in (1, 2):
        _made(story, number)
    story.later()
    with catalog.write() as tx:
        first = deployments.promote(tx, story.change("the first"), f"{NAME}/1")
        tx.append(first.revision, *first.arms)
    story.later()
    with catalog.write() as tx:
        change = story.change("the launch cannot wait")
        tx.append(deployments.override(change, f"{NAME}/2", story.now + 6 * HOUR))
    story.later()
    with catalog.write() as tx:
        split = deployments.split_traffic(tx, story.change("try it"), {f"{NAME}/2": 0.4})
        tx.append(split.revision, *split.arms)
    yield story
    catalog.close()


def _made(story: Story, number: int) -> None:
    made = story.made(number, "pass" if number == 1 else "fail")
    seen = (dataset("t1:source", 90), dataset(f"t1:train{number}", 60), dataset("t1:hold", 30))
    of_run = run(number).id
    gate = Verdict(f"data-{number}", "data", "pass", AT, "ana", ("fine",), run=of_run)
    with story.catalog.write() as tx:
        tx.append_once(*seen, DatasetSource("t1:source", "rides.parquet", AT))
        tx.append(
            RunDataset(of_run, "holdout", "t1:hold"), RunDataset(of_run, "source", "t1:source")
        )
        tx.append(RunDataset(of_run, "training", f"t1:train{number}"), gate)
        tx.append(
            Metric(made.id, "holdout", "f1", 0.81, 30), Metric(made.id, "validation", "f1", 0.8, 9)
        )


def answer(story: Story, hours: float | None = None) -> Any:
    """The answer as JSON gives it; so many hours after the beginning, or now."""
    at = None if hours is None else AT + hours * HOUR
    with story.catalog.read() as tx:
        return json.loads(json.dumps(lineage_answer(tx, at)))


def test_p1_one_answer_says_what_serves_and_what_made_it(story: Story) -> None:
    (deployment,) = answer(story)["deployments"]
    assert (deployment["name"], deployment["revision"], deployment["action"]) == (
        NAME,
        2,
        "traffic",
    )
    assert (deployment["because"], deployment["by"]) == ("try it", "ana")
    first, second = deployment["arms"]
    assert (first["model_version"], first["weight"], first["role"]) == (
        f"{NAME}/1",
        0.6,
        "champion",
    )
    assert (second["model_version"], second["weight"]) == (f"{NAME}/2", 0.4)
    assert first["run"] == run(1).id
    assert first["code"] == {"digest": "c1:code", "commit": "abc123", "dirty": False}
    assert first["environment"] == "e1:lock"
    assert first["params"] == {"depth": 3}
    assert first["artifact"] == "sha256:1"
    assert first["metrics"] == {"holdout": {"f1": 0.81}, "validation": {"f1": 0.8}}
    assert [tuple(used.values()) for used in first["data"]] == [
        ("source", "rides.parquet", "t1:source", 90),
        ("training", "rides.parquet", "t1:train1", 60),
        ("holdout", "rides.parquet", "t1:hold", 30),
    ]
    assert [(v["gate"], v["outcome"]) for v in first["verdicts"]] == [
        ("data", "pass"),
        ("model", "pass"),
    ]


def test_p1_the_answer_has_the_shape_that_others_read(story: Story) -> None:
    found = answer(story)
    assert set(found) >= {"deployments"}
    for deployment in found["deployments"]:
        assert set(deployment) >= {"name", "arms"}
        for arm in deployment["arms"]:
            assert set(arm) >= {
                *("model_version", "weight", "run", "code", "data", "metrics", "verdicts")
            }
            assert all(set(used) >= {"role", "dataset", "digest"} for used in arm["data"])


def test_p1_the_answer_for_the_past_is_what_was_known_then(story: Story) -> None:
    assert answer(story, 0.5)["deployments"] == []
    for hours in (1, 1.5):
        (deployment,) = answer(story, hours)["deployments"]
        assert deployment["revision"] == 1
        assert [(a["model_version"], a["weight"]) for a in deployment["arms"]] == [(f"{NAME}/1", 1)]
    assert answer(story, 3)["deployments"] == answer(story)["deployments"]


def test_p1_verdicts_given_later_are_not_in_the_answer_for_the_past(story: Story) -> None:
    late = verdict("late", f"{NAME}/1", "fail", at=AT + 9 * HOUR)
    with story.catalog.write() as tx:
        tx.append(late)
        tx.append(DatasetSource("t1:source", "moved.parquet", AT + 9 * HOUR))
    before = answer(story, 4)["deployments"][0]["arms"][0]
    after = answer(story)["deployments"][0]["arms"][0]
    assert "late" not in [v["id"] for v in before["verdicts"]]
    assert "late" in [v["id"] for v in after["verdicts"]]
    assert before["data"][0]["dataset"] == "rides.parquet"
    assert after["data"][0]["dataset"] == "moved.parquet"


@pytest.mark.parametrize("hours", [3, 100, None])
def test_p2_an_override_is_shown_with_its_name_reason_and_end_even_when_it_is_over(
    story: Story, hours: float | None
) -> None:
    first, second = answer(story, hours)["deployments"][0]["arms"]
    assert first["override"] is None
    assert second["override"] == {
        "by": "ana",
        "because": "the launch cannot wait",
        "until": (AT + 8 * HOUR).isoformat(),
        "expired": None,
        "words": "override by ana until 2026-03-01 16:30 UTC: the launch cannot wait",
    }
    with story.catalog.read() as tx:
        late = lineage_answer(tx, now=AT + 8 * HOUR)["deployments"][0]["arms"][1]["override"]
    assert late["expired"] is True
    assert "(EXPIRED)" in late["words"]
    assert second["allowed_by"] == second["verdicts"][-1]["id"]
    assert [v["outcome"] for v in second["verdicts"]] == ["pass", "fail", "override"]


def test_one_version_is_answered_without_its_traffic(story: Story) -> None:
    with story.catalog.read() as tx:
        found = version_answer(tx, queries.get(tx, ModelVersion, f"{NAME}/2"))
        then = version_answer(tx, queries.get(tx, ModelVersion, f"{NAME}/2"), AT)
    assert found["run"] == run(2).id
    assert "weight" not in found
    verdicts = then["verdicts"]
    assert isinstance(verdicts, list)
    assert [v["outcome"] for v in verdicts] == ["pass", "fail"]


def test_p1_a_dataset_answers_what_was_trained_on_it_and_where_it_serves(story: Story) -> None:
    with story.catalog.read() as tx:
        found: Any = dataset_answer(tx, "source")
        trained: Any = dataset_answer(tx, "t1:train1")
    assert (found["dataset"], found["rows"]) == ("t1:source", 90)
    assert [(u["model_version"], u["role"]) for u in found["used_by"]] == [
        (f"{NAME}/1", "source"),
        (f"{NAME}/2", "source"),
    ]
    assert found["used_by"][1]["serving"] == {
        "deployment": NAME,
        "weight": 0.4,
        "role": "challenger",
    }
    assert [u["role"] for u in trained["used_by"]] == ["training"]


def test_a_dataset_of_a_run_that_made_nothing_is_answered_too(story: Story) -> None:
    other = replace(run(9), name="other")
    with story.catalog.write() as tx:
        tx.append(other, RunDataset(other.id, "training", "t1:hold"))
    with story.catalog.read() as tx:
        found: Any = dataset_answer(tx, "hold")
    assert {"run": other.id, "role": "training", "model_version": None, "serving": None} in (
        found["used_by"]
    )


@pytest.mark.parametrize(
    ("text", "says"), [("nothing", "no dataset version begins"), ("train", "2 dataset versions")]
)
def test_a_beginning_that_names_no_one_dataset_is_refused(
    story: Story, text: str, says: str
) -> None:
    with story.catalog.read() as tx, pytest.raises(UnknownName, match=says):
        dataset_answer(tx, text)


def test_an_empty_catalog_answers_that_nothing_serves(tmp_path: Path) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path}/empty.db")
    with catalog.read() as tx:
        assert lineage_answer(tx) == {"at": None, "deployments": []}
    catalog.close()
