"""Beside the claim that decides, every guardrail must hold too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from mooring.errors import SettingsError
from mooring.gates.inference.plan import Plan
from mooring.gates.model.match import Finding
from mooring.gates.model.search import halves_of, lattice, worst, worst_single
from mooring.gates.model.slices import DECLARED, slices_of
from mooring.gates.model_gate import ModelVerdict, judge
from mooring.gates.trivial import trivial_answers
from mooring.lineage.answers import Answers
from mooring.lineage.fresh import Fault, Trial
from mooring.settings.model import ModelGate

FloatArray = NDArray[np.float64]
ROWS = 4000
TRUTH = np.random.default_rng(0).normal(0.0, 3.0, ROWS)
FRAME = pl.DataFrame(
    {
        "shop": np.arange(ROWS) % 10,
        "kind": np.where(np.arange(ROWS) % 7 < 3, "new", "old"),
        "size": np.random.default_rng(1).normal(size=ROWS),
    }
)


def noisy(error: float | FloatArray, seed: int) -> Answers:
    return Answers(TRUTH + error * np.random.default_rng(seed).standard_normal(ROWS))


def judged(candidate: Answers, opponent: Answers, **options: Any) -> ModelVerdict:
    rules = ModelGate(**{"resamples": 300, **options.pop("rules", {})})
    options = {"trivial": trivial_answers("regression", TRUTH, ROWS), **options}
    return judge("regression", TRUTH, candidate, opponent, "champion v3", rules,
                 time_ordered=False, **options)  # fmt: skip


def part(verdict: ModelVerdict, name: str) -> Finding:
    return next(finding for finding in verdict.findings if finding.part == name)


def test_a_candidate_that_is_no_worse_passes_only_where_that_is_the_claim() -> None:
    sides = noisy(1.0, 1), noisy(1.0, 2)
    assert judged(*sides).outcome != "pass"
    verdict = judged(*sides, rules={"claim": "non_inferiority", "margin": 0.1})
    assert verdict.outcome == "pass"
    assert "worse than champion v3 by" in verdict.reasons[1]


def test_a_candidate_that_is_worse_by_more_than_the_margin_fails() -> None:
    rules = {"claim": "non_inferiority", "margin": 0.05}
    verdict = judged(noisy(1.3, 1), noisy(1.0, 2), rules=rules)
    assert verdict.outcome == "fail"
    assert "is worse than champion v3 by at least" in verdict.reasons[1]


def test_a_margin_too_narrow_for_the_rows_says_how_many_would_do() -> None:
    rules = {"claim": "non_inferiority", "margin": 0.01}
    verdict = judged(noisy(1.0, 1), noisy(1.0, 2), rules=rules)
    assert verdict.outcome == "not_enough_evidence"
    assert verdict.rows_needed is not None
    assert verdict.rows_needed > ROWS
    assert f"about {verdict.rows_needed:,} rows would tell" in verdict.reasons[1]


def test_p3_no_worse_than_an_answer_that_ignores_the_features_is_never_enough() -> None:
    trivial = trivial_answers("regression", TRUTH, ROWS)
    rules = {"claim": "non_inferiority", "margin": 0.3}
    verdict = judged(noisy(3.0, 1), trivial, trivial=None, rules=rules)
    assert verdict.outcome != "pass"


def test_fd_21_a_candidate_worse_than_a_constant_fails_although_it_beats_the_champion() -> None:
    verdict = judged(noisy(4.0, 1), noisy(8.0, 2))
    assert verdict.outcome == "fail"
    assert part(verdict, "claim").outcome == "pass"
    assert part(verdict, "trivial baseline").outcome == "fail"
    assert "no better than the trivial baseline, which ignores the features" in verdict.reasons[2]


def test_a_candidate_near_a_constant_still_replaces_a_champion_that_is_worse() -> None:
    one = noisy(2.95, 1)
    verdict = judged(one, noisy(8.0, 2))
    trivial = part(verdict, "trivial baseline")
    evidence: Mapping[str, Any] = trivial.evidence
    assert evidence["difference"] > 0 > evidence["low"]
    assert verdict.outcome == "pass"
    assert "may be no better than the trivial baseline" in verdict.reasons[2]
    rules = {"claim": "non_inferiority", "margin": 0.02}
    assert judged(one, noisy(8.0, 2), rules=rules).outcome == "not_enough_evidence"


def test_a_confidence_for_a_worn_holdout_widens_every_interval() -> None:
    fresh = judged(noisy(0.95, 1), noisy(1.0, 2))
    worn = judged(noisy(0.95, 1), noisy(1.0, 2), confidence=0.9999)
    assert fresh.outcome == "pass"
    assert worn.outcome == "not_enough_evidence"
    assert "99.99 % interval" in worn.reasons[0]


def test_another_metric_may_not_lose_more_than_its_guardrail_allows() -> None:
    spiky = np.where(np.arange(ROWS) % 10 == 0, 4.0, 0.3)
    verdict = judged(noisy(spiky, 1), noisy(1.0, 2), rules={"guardrails": {"rmse": 0.02}})
    assert part(verdict, "claim").outcome == "pass"
    assert part(verdict, "metric rmse").outcome == "fail"
    assert verdict.outcome == "fail"
    assert verdict.reasons[2].startswith("RMSE: the candidate is worse than champion v3")


def test_a_guardrail_that_cannot_tell_is_not_enough_evidence() -> None:
    verdict = judged(noisy(0.95, 1), noisy(1.0, 2), rules={"guardrails": {"rmse": 0.0}})
    assert part(verdict, "metric rmse").outcome in {"pass", "not_enough_evidence"}
    flat = Answers(np.full(ROWS, 1.0))
    rules: dict[str, Any] = {"guardrails": {"r2": 0.01}}
    verdict = judge("regression", np.zeros(ROWS), noisy(0.0, 1), flat, "champion v3",
                    ModelGate(**rules), time_ordered=False,
                    trivial=flat)  # fmt: skip
    assert part(verdict, "metric r2").outcome == "not_enough_evidence"
    assert verdict.outcome != "pass"


def test_fd_28_a_declared_slice_that_lost_stops_a_better_candidate() -> None:
    error = np.where(FRAME["shop"].to_numpy() == 3, 2.0, 0.7)
    verdict = judged(noisy(error, 1), noisy(1.0, 2), rows=FRAME, rules={"slices": ("shop",)})
    assert part(verdict, "claim").outcome == "pass"
    assert verdict.outcome == "fail"
    assert "where shop = 3 (400 rows) MAE is" in verdict.reasons[2]
    assert "gates.model.slice_margin" in verdict.reasons[2]


def test_fd_28_a_slice_of_two_columns_that_nobody_declared_is_found() -> None:
    bad = (FRAME["shop"].to_numpy() < 4) & (FRAME["kind"].to_numpy() == "new")
    verdict = judged(noisy(np.where(bad, 2.5, 0.6), 11), noisy(1.0, 12), rows=FRAME,
                     searched=tuple(FRAME.columns))  # fmt: skip
    found = part(verdict, "found slices")
    assert found.outcome == "fail"
    assert "kind = 'new'" in found.reason


def test_fd_28_slices_of_a_uniformly_better_candidate_do_not_object() -> None:
    rules = {"slices": ("shop", "kind")}
    for seed in range(20):
        verdict = judged(noisy(0.9, 100 + seed), noisy(1.0, 200 + seed), rows=FRAME, rules=rules,
                         searched=tuple(FRAME.columns))  # fmt: skip
        assert verdict.outcome == "pass", verdict.reasons


@pytest.mark.parametrize("time_ordered", [True, False])
def test_slices_found_in_one_half_are_tested_on_the_other(time_ordered: bool) -> None:
    """Chance makes one slice the worst of many; on rows that did not choose it, it is average."""
    random = np.random.default_rng(5)
    searched = lattice(FRAME, FRAME.columns, 50)
    halves = halves_of(np.arange(ROWS), searched, ROWS, Plan(time_ordered, 0, 100, 0.95))
    assert halves.test.sum() == ROWS - len(halves.look) == ROWS // 2
    gains = np.where(halves.test, 0.0, random.standard_normal(ROWS))
    slices, examined = worst(halves.searched, gains[halves.look])
    assert slices
    assert examined > 50
    chosen, tested = (
        np.mean([gains[one.mask(FRAME) & half].mean() for one in slices])
        for half in (~halves.test, halves.test)
    )
    assert chosen < -0.1
    assert tested == 0.0


def test_a_search_of_single_columns_cuts_finer_than_one_of_pairs() -> None:
    gains = np.where(FRAME["size"].to_numpy() > 1.7, -1.0, 1.0)
    (first, *_), examined = worst_single(lattice(FRAME, FRAME.columns, 50), gains)
    assert examined == 10 + 2 + 5 + 20
    assert np.mean(gains[first.mask(FRAME)]) < -0.7


def test_fd_28_a_loss_in_one_value_of_twenty_is_found_and_named() -> None:
    frame = FRAME.with_columns(hour=pl.Series(np.arange(ROWS) % 20))
    error = np.where(frame["hour"].to_numpy() == 3, 1.8, 0.9)
    verdict = judged(noisy(error, 11), noisy(1.0, 12), rows=frame, searched=tuple(frame.columns))
    found = part(verdict, "found slices")
    assert found.outcome == "fail"
    assert "where hour = 3 (200 rows)" in found.reason


def test_a_first_model_that_is_worse_than_a_constant_somewhere_warns_and_passes() -> None:
    error = np.where(FRAME["shop"].to_numpy() == 3, 9.0, 1.0)
    trivial = trivial_answers("regression", TRUTH, ROWS)
    options = {"trivial": None, "rows": FRAME, "searched": tuple(FRAME.columns)}
    verdict = judged(noisy(error, 11), trivial, rules={"slices": ("shop",)}, **options)
    assert verdict.outcome == "pass"
    for name in ("declared slices", "found slices"):
        finding = part(verdict, name)
        assert finding.warned
        assert "a warning, for the constant may happen to be right there: where shop = 3" in (
            finding.reason
        )
    assert verdict.reasons[2] == part(verdict, "declared slices").reason
    good = judged(noisy(1.0, 11), trivial, rules={"slices": ("shop",)}, **options)
    assert not any(finding.warned for finding in good.findings)
    assert "none of 10 is surely worse" in part(good, "declared slices").reason


def test_a_guardrail_of_a_first_model_is_held_against_the_best_constant_for_its_metric() -> None:
    trivial = trivial_answers("regression", TRUTH, ROWS)
    spiky = noisy(np.where(np.arange(ROWS) % 100 == 0, 60.0, 0.3), 1)
    mean = trivial_answers("regression", TRUTH, ROWS, metric="rmse")
    rules = {"guardrails": {"rmse": 0.0}}
    verdict = judged(spiky, trivial, trivial=None, rules=rules, constants={"rmse": mean})
    assert part(verdict, "claim").outcome == "pass"
    guardrail = part(verdict, "metric rmse")
    assert guardrail.outcome == verdict.outcome == "fail"
    assert guardrail.evidence["opponent"] == pytest.approx(float(TRUTH.std()), rel=1e-6)


def test_the_worst_slices_by_error_are_told_with_both_sides_intervals() -> None:
    error = np.where(FRAME["shop"].to_numpy() == 3, 2.0, 0.7)
    verdict = judged(noisy(error, 11), noisy(1.0, 12), rows=FRAME, searched=tuple(FRAME.columns),
                     rules={"metric": "r2"})  # fmt: skip
    evidence: Mapping[str, Any] = part(verdict, "found slices").evidence
    first = evidence["largest_error"][0]
    assert "shop = 3" in first["slice"]
    assert first["metric"] == "mae"
    mean_absolute = 2.0 * np.sqrt(2 / np.pi)
    assert first["candidate"]["low"] < mean_absolute < first["candidate"]["high"]
    assert first["candidate"]["low"] > first["opponent"]["high"]


def test_fd_28_the_search_does_not_make_chance_a_finding() -> None:
    """The worst of a hundred slices of two equal models, tested where it was found, often fails."""
    objected = []
    for seed in range(40):
        verdict = judged(noisy(1.0, 300 + seed), noisy(1.0, 400 + seed), rows=FRAME,
                         rules={"slice_margin": 0.0, "resamples": 100},
                         searched=tuple(FRAME.columns))  # fmt: skip
        objected.append(part(verdict, "found slices").outcome == "fail")
    assert np.mean(objected) <= 0.1  # 0.025 at most in truth


def test_every_row_of_a_column_is_in_one_slice() -> None:
    frame = pl.DataFrame(
        {
            "n": [1.5, float("nan"), None, float("inf"), -3.0, 2.0] * 20,
            "wide": np.random.default_rng(1).normal(size=120),
            "word": ["a", "b", None] * 40,
            "flag": [True, False] * 60,
        }
    )
    for name in frame.columns:
        masks = np.array([one.mask(frame) for one in slices_of(frame, name)])
        assert masks.sum(axis=0).tolist() == [1] * 120, name


def test_columns_without_slices_have_none() -> None:
    frame = pl.DataFrame({"same": [1] * 9, "list": [[1]] * 9, "null": pl.Series([None] * 9)})
    assert [slices_of(frame, name) for name in frame.columns] == [[], [], []]


def test_a_declared_slice_that_is_no_column_is_named() -> None:
    with pytest.raises(SettingsError, match="no column 'shp'"):
        judged(noisy(0.9, 1), noisy(1.0, 2), rows=FRAME, rules={"slices": ("shp",)})


def classifier(seed: int, sharpness: float = 1.0) -> tuple[NDArray[np.bool_], Answers]:
    """A truth that follows chances, which the answers exaggerate by ``sharpness``."""
    random = np.random.default_rng(seed)
    logit = random.normal(0.0, 1.5, ROWS)
    truth = random.random(ROWS) < 1 / (1 + np.exp(-logit))
    chance = 1 / (1 + np.exp(-sharpness * logit))
    return truth, Answers(chance > 0.5, np.column_stack([1 - chance, chance]), (False, True))


def calibrated(truth: NDArray[np.bool_], said: Answers, **rules: Any) -> Finding:
    trivial = trivial_answers("binary", truth, ROWS, (False, True))
    verdict = judge("binary", truth, said, trivial, "the trivial baseline",
                    ModelGate(metric="roc_auc", **rules), time_ordered=False)  # fmt: skip
    return part(verdict, "calibration")


def test_chances_that_come_true_have_no_calibration_error() -> None:
    errors = []
    for seed in range(20):
        finding = calibrated(*classifier(seed), max_calibration_error=0.07)
        assert finding.outcome == "pass", finding.reason
        errors.append(finding.evidence["low"])
        chance: Any = finding.evidence["ece_by_chance"]
        assert finding.evidence["ece"] == pytest.approx(chance, abs=0.012)
    assert np.mean([low == 0.0 for low in errors]) >= 0.9


def test_exaggerated_chances_fail_the_limit_and_the_error_is_told() -> None:
    finding = calibrated(*classifier(1, sharpness=3.0), max_calibration_error=0.05)
    assert finding.outcome == "fail"
    assert "at most 0.05 is allowed" in finding.reason
    near = calibrated(*classifier(1, sharpness=1.3), max_calibration_error=0.045)
    assert near.outcome == "not_enough_evidence"
    assert near.rows_needed is not None
    assert near.rows_needed > ROWS
    assert f"about {near.rows_needed:,} rows would tell" in near.reason


def test_the_parts_of_the_brier_score_add_up() -> None:
    truth, said = classifier(2, sharpness=2.0)
    evidence: Mapping[str, Any] = calibrated(truth, said).evidence
    assert said.probabilities is not None
    brier = float(((said.probabilities[:, 1] - truth) ** 2).mean())
    added = evidence["reliability"] - evidence["resolution"] + evidence["uncertainty"]
    assert added == pytest.approx(brier, abs=0.003)  # what varies inside the bins


TRIAL = Trial(1.5, 12.0, 4.0, 4.0, 400, 300 * 2**20, 3 * 2**20)


@pytest.mark.parametrize(
    ("limit", "outcome", "said"),
    [
        ({"max_latency_ms": 20.0}, "pass", "latency 12 ms"),
        ({"max_latency_ms": 10.0}, "fail", "above the 10 ms of gates.model.max_latency_ms"),
        ({"max_load_seconds": 1.0}, "fail", "load time 1.5 s"),
        ({"max_memory_mb": 200.0}, "fail", "memory 300 MB"),
        ({"max_size_mb": 2.0}, "fail", "size 3 MB"),
    ],
)
def test_limits_of_the_fresh_process_are_guardrails(
    limit: Mapping[str, float], outcome: str, said: str
) -> None:
    verdict = judged(noisy(0.9, 1), noisy(1.0, 2), rules=limit, trial=TRIAL)
    assert verdict.outcome == outcome
    assert any(said in reason for reason in verdict.reasons)


def test_p3_a_limit_that_was_not_measured_is_not_enough_evidence() -> None:
    limit = {"max_latency_ms": 10.0}
    verdict = judged(noisy(0.9, 1), noisy(1.0, 2), rules=limit)
    assert verdict.outcome == "not_enough_evidence"
    ended = Fault("ended with code -9", of_model=False)
    broken = judged(noisy(0.9, 1), noisy(1.0, 2), rules=limit, trial=ended)
    assert broken.outcome == "not_enough_evidence"
    assert (
        "the latency was not measured (gates.model.max_latency_ms limits it): "
        "a fresh process ended with code -9"
    ) in broken.reasons


def test_without_a_limit_a_process_that_could_not_be_measured_is_a_warning() -> None:
    ended = Fault("ended with code -9", of_model=False)
    verdict = judged(noisy(0.9, 1), noisy(1.0, 2), trial=ended)
    assert verdict.outcome == "pass"
    assert part(verdict, "fresh process").warned
    assert verdict.reasons[2] == (
        "a warning: nothing was measured: a fresh process ended with code -9"
    )


def test_p8_a_candidate_that_a_fresh_process_cannot_load_fails_with_and_without_limits() -> None:
    fault = Fault("cannot answer: its golden rows differ", of_model=True)
    for rules in ({}, {"max_latency_ms": 10.0}):
        verdict = judged(noisy(0.9, 1), noisy(1.0, 2), rules=rules, trial=fault)
        assert verdict.outcome == "fail"
        assert "in a process of its own the candidate cannot answer: its golden" in (
            part(verdict, "fresh process").reason
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        (
            {"processor_ms": 1.0},
            "a warning: 4.0 times the processor time of an answer of champion v3;",
        ),
        ({"memory_bytes": 100 * 2**20}, "a warning: 3.0 times the memory of champion v3;"),
        ({"size_bytes": 2**20}, "a warning: 3.0 times the size of champion v3;"),
    ],
)
def test_a_candidate_that_wants_many_times_what_its_champion_did_is_a_warning(
    change: Mapping[str, Any], said: str | None
) -> None:
    before = replace(TRIAL, **change)
    verdict = judged(noisy(0.9, 1), noisy(1.0, 2), trial=TRIAL, trial_before=before)
    assert verdict.outcome == "pass"
    finding = part(verdict, "fresh process")
    assert finding.warned is (said is not None)
    assert finding.reason.startswith(said or "in a fresh process: 12 ms for 95 % of single rows")
    assert "champion v3 when it was judged: 12 ms, 1.5 s," in finding.reason


def test_fd_30_answers_that_hardly_vary_fail() -> None:
    verdict = judged(Answers(TRUTH * 1e-8 + 5.0), noisy(1.0, 2))
    assert verdict.outcome == "fail"
    assert "all but the same for all 4000 rows" in verdict.reasons[0]


def test_a_declared_column_of_many_values_has_each_of_them() -> None:
    frame = pl.DataFrame({"hour": np.arange(480) % 24, "size": np.arange(480.0)})
    assert len(slices_of(frame, "hour", DECLARED)) == 24
    assert len(slices_of(frame, "hour")) == len(slices_of(frame, "size", DECLARED)) == 5
