"""The model gate as a user meets it: settings in, a verdict and what to type next out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.catalog import queries
from mooring.lineage.fresh import Trial, tried
from mooring.lineage.values import ModelVersion
from tests.e2e.project import NAME, SETTINGS, Project

pytestmark = pytest.mark.e2e


def with_gate(project: Project, lines: str) -> None:
    project.write("mooring.toml", (project.root / "mooring.toml").read_text() + lines)


def evidence_of(project: Project, version: str) -> Mapping[str, Any]:
    answer = json.loads(project.mooring("lineage", version, "--json").out)
    found: Mapping[str, Any] = answer["verdicts"][-1]["evidence"]
    return found


def store_of(project: Project) -> ArtifactStore:
    return ArtifactStore(project.root / ".mooring" / "artifacts")


def digest_of(project: Project) -> str:
    with project.catalog() as tx:
        return queries.get(tx, ModelVersion, f"{NAME}/1").artifact


def test_limits_are_measured_in_a_fresh_process_and_kept_as_evidence(improved: Project) -> None:
    with_gate(improved, "\n[gates.model]\nmax_latency_ms = 5000\nmax_size_mb = 50\n")
    assert improved.mooring("run").code == 0
    said = improved.mooring("lineage", "v2").out
    assert "latency" in said
    assert "for 95 % of single rows, within 5000 ms" in said
    found = {one["part"]: one for one in evidence_of(improved, "v2")["findings"]}
    assert found["size"]["evidence"]["size_bytes"] > 1000
    assert found["latency"]["evidence"]["answers"] >= 16
    assert found["trivial baseline"]["outcome"] == "pass"
    assert "80 rows are too few to look for slices" in said


def test_a_model_above_a_limit_is_refused_with_what_to_type_next(improved: Project) -> None:
    with_gate(improved, "\n[gates.model]\nmax_size_mb = 0.001\n")
    said = improved.mooring("run")
    assert said.code == 1
    assert "is above the 0.001 MB of gates.model.max_size_mb" in said.err
    assert f"{NAME}/1 keeps the traffic; mooring lineage v2 shows what made this one" in said.err
    assert 'mooring override v2 --because "…" --until …' in said.err


def test_not_enough_evidence_says_how_many_rows_would_do_and_what_to_change(
    trained: Project,
) -> None:
    with_gate(trained, "\n[gates.model]\nmin_rows = 1500\n")
    said = trained.mooring("run")
    assert said.code == 3
    assert evidence_of(trained, "v2")["rows_needed"] == 1500
    words = " ".join(said.err.split())
    assert "wait until the holdout has about 1,500 rows (it has 80), or widen" in words


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('claim = "non_inferiority"', "non_inferiority needs a margin"),
        ("margin = 0.1", "superiority would not look at 'margin'"),
        (
            'claim = "non_inferiority"\nmargin = 0.1\nworthwhile = 0.01',
            "non_inferiority would not look at 'worthwhile'",
        ),
        ("guardrails = { f1 = 0.1 }", "there is no metric 'f1' for a regression task"),
        ('metric = "bias"', "bias cannot judge a candidate"),
        ('slices = ["tmp"]', "gates.model.slices: there is no column 'tmp'"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_trained(
    fresh: Project, lines: str, said: str
) -> None:
    fresh.write("mooring.toml", f"{SETTINGS}\n[gates.model]\n{lines}\n")
    fresh.write(
        "pipeline.py", "def features(frame):\n    return frame\n\n\ndef train(X, y, p): 1/0"
    )
    ended = fresh.mooring("run")
    assert ended.code == 2
    assert said in ended.err


def test_p8_a_version_is_tried_in_a_process_that_knows_nothing_of_the_project(
    template: Project,
) -> None:
    found = tried(store_of(template), digest_of(template))
    assert isinstance(found, Trial)
    assert 0 < found.median_ms <= found.latency_ms
    assert found.load_seconds > 0
    assert found.memory_bytes > 10 * 2**20
    folder = store_of(template).folder(digest_of(template))
    assert found.size_bytes == sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def test_a_version_that_a_fresh_process_cannot_load_says_why(trained: Project) -> None:
    store, digest = store_of(trained), digest_of(trained)
    assert "was not ready within 0.01 s" in str(tried(store, digest, patience=0.01))
    folder = store.folder(digest)
    folder.chmod(0o700)
    model = folder / "model.pickle"
    model.chmod(0o600)
    model.write_bytes(b"other")
    assert "cannot answer: a model version was changed after it was written" in str(
        tried(store, digest)
    )
