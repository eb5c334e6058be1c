"""The model gate as a user meets it: settings in, a verdict and what to type next out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.catalog import queries
from mooring.lineage.fresh import Trial, tried
from mooring.lineage.values import ModelVersion
from tests.e2e.project import NAME, SETTINGS, STRONG, WEAK, Project, rides

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


def test_what_a_candidate_takes_is_measured_without_a_limit_and_told_beside_its_champion(
    fresh: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOORING_GATES__MODEL__FRESH_PROCESS", "true")
    first = fresh.mooring("run")
    assert first.code == 0
    assert "in a fresh process: " in first.out
    assert "when it was judged" not in first.out
    fresh.change("mooring.toml", WEAK, STRONG)
    second = fresh.mooring("run")
    assert second.code == 0
    assert "champion v1 when it was judged: " in " ".join(second.out.split())
    found = {one["part"]: one for one in evidence_of(fresh, "v2")["findings"]}["fresh process"]
    assert found["evidence"]["candidate"]["size_bytes"] > 1000
    assert found["evidence"]["champion"]["median_ms"] > 0


def test_run_lineage_and_judge_show_where_the_model_errs_most(fresh: Project) -> None:
    frame = rides(6000)
    rough = pl.when(pl.col("hum") > 0.8).then(40.0).otherwise(0.0)
    noise = pl.Series(np.random.default_rng(3).normal(size=6000))
    fresh.data(frame.with_columns(cnt=pl.col("cnt") + rough * noise))
    ran = fresh.mooring("run")
    assert ran.code == 0, ran.err
    fresh.change("mooring.toml", WEAK, "alpha = 40.0")
    fresh.mooring("run")
    later = rides(3000, 1).with_columns(pl.col("at") + timedelta(days=300))
    fresh.write("later.csv", later.with_columns(cnt=pl.col("cnt") + rough * 1).write_csv())
    judged = fresh.mooring("judge", "v2", "v1", "--on", "later.csv")
    for said, opponent in (
        (ran.out, "trivial baseline"),
        (fresh.mooring("lineage", "v1").out, "trivial baseline"),
        (judged.out, "v1"),
    ):
        lines = said.splitlines()
        place = next(i for i, line in enumerate(lines) if "most wrong where" in line)
        assert "MAE (interval)" in lines[place]
        assert lines[place].rstrip().endswith(opponent)
        assert "hum from 0.8" in lines[place + 2]
        assert max(map(len, lines)) <= 80, lines


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
