"""NannyML's published reconstruction errors, each found again from the raw data.

Not here: ``Tutorial_Drift_Multivariate_Domain_Classifier__02`` and ``__03``, which are numbers of
one LightGBM release; ours must see the same drift in the same chunks, not the same digits. The
tables ``__01`` of both tutorials show the raw data only.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mooring.errors import DataError
from mooring.profiling.multivariate.domain_classifier import domain_classifier
from mooring.profiling.multivariate.nannyml import nannyml_reconstruction

FEATURES = [
    "car_value",
    "salary_range",
    "debt_to_income_ratio",
    "loan_length",
    "repaid_loan_on_prev_car",
    "size_of_downpayment",
    "driver_tenure",
]
CHUNK = 5000
WEEKLY = [  # printed in the source of the test that the parity file was taken from
    *(0.795939312162986, 0.7840110463966236, 0.8119098730091425, 0.7982130082187159),
    *(0.807815521612754, 0.8492042669464963, 0.7814127409090083, 0.8022621626300768),
    *(0.8104742129966831, 0.7703901270625767, 0.8007070128606296, 0.7953169982962172),
    *(0.7862784182468701, 0.838376989270861, 0.8019280640410021, 0.7154339372837247),
    *(0.7171169593894968, 0.7255999561968017, 0.73493013255886, 0.7777717388501538),
]
"""Of ``test_data_reconstruction_drift_calculator_numeric_results``, one a week."""
COLOURS = ["white"] * 5 + ["red"] * 5 + ["green"] * 5 + ["blue"] * 5
LATER = [*COLOURS[:13], "white", "white", "blue", "blue", "blue", "white", "red"]


def made_data() -> pl.DataFrame:
    """The frame that NannyML's tests make: 20 weeks, of which the last five have drifted."""
    rng, rows = np.random.RandomState(167), 20 * 1008
    first, second = rng.randn(rows), rng.rand(rows)
    third, fourth = rng.randint(4, size=rows), rng.randint(20, size=rows)
    week = 1 + np.arange(rows) // 1008
    late = week >= 16
    days = np.datetime64("2020-01-06") + np.arange(rows) // 144
    return pl.select(
        day=pl.Series(days),
        week=pl.Series(week),
        f1=pl.Series(first + np.where(late, 0.6, 0.0)),
        f2=pl.Series(np.where(late, np.sqrt(second), second)),
        f3=pl.Series(np.where(late, np.array([0, 1, 0, 0])[third], np.array([0, 1, 0, 1])[third])),
        f4=pl.Series(np.where(late, np.array(LATER)[fourth], np.array(COLOURS)[fourth])),
    )


def pieces(frame: pl.DataFrame, size: int) -> list[pl.DataFrame]:
    return [frame.slice(start, size) for start in range(0, frame.height, size)]


def cut(frame: pl.DataFrame, options: dict[str, int | str]) -> list[pl.DataFrame]:
    """The chunks that options of NannyML's calculators ask for."""
    if "chunk_period" in options:
        return [part for _, part in frame.group_by(pl.col("day").dt.month(), maintain_order=True)]
    number = int(options.get("chunk_number", 10))
    return pieces(frame, int(options.get("chunk_size", frame.height // number)))


def errors(data: pl.DataFrame, chunks: list[pl.DataFrame]) -> list[float]:
    columns = ["f1", "f2", "f3", "f4"]
    fitted = data.filter(pl.col("week") < 11).select(columns)
    found = nannyml_reconstruction(fitted, chunks, categorical=["f3"])
    return [chunk.value for chunk in found.current]


def test_every_published_way_to_chunk_gives_the_published_errors(published: Path) -> None:
    text = (published / "nannyml_tests" / "drift__test_multiv_pca.json").read_text()
    (case,) = json.loads(text)["cases"]
    data = made_data()
    assert len(case["cases"]) == 7
    for options, expected in case["cases"]:
        found = errors(data, cut(data, options))
        # The source compares five decimals, and some are printed with no more.
        assert np.round(found, 5) == pytest.approx(np.round(expected, 5), abs=1e-9)


def test_the_published_weekly_errors_are_found_again_to_nine_digits() -> None:
    data = made_data()
    assert errors(data, pieces(data, 1008)) == pytest.approx(WEEKLY, rel=1e-9)


@pytest.fixture(scope="module")
def loans(shared_data: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    reference, analysis = (
        pl.read_parquet(shared_data / "nannyml_synthetic" / f"synthetic_car_loan_{part}.parquet")
        for part in ("reference", "analysis")
    )
    return reference.select(FEATURES), analysis.select(FEATURES)


def test_the_tutorials_errors_thresholds_and_alerts_are_found_again(
    loans: tuple[pl.DataFrame, pl.DataFrame], published: Path
) -> None:
    before, after = (pieces(side, CHUNK) for side in loans)
    found = nannyml_reconstruction(loans[0], after, reference_chunks=before)
    rows = zip([*found.reference, *found.current], [*[False] * 10, *found.alerts], strict=True)
    told = [
        [c.value, c.sampling_error, *reversed(c.confidence), *reversed(found.thresholds), alert]
        for c, alert in rows
    ]
    printed = table(published, "Tutorial_Drift_Multivariate__03")
    printed += table(published, "Tutorial_Drift_Multivariate__02")
    assert len(printed) == 20
    for ours, theirs in zip(told, printed, strict=True):
        assert [f"{value:.6g}" for value in ours[:-1]] == [f"{float(v):.6g}" for v in theirs[:-1]]
        assert str(ours[-1]) == theirs[-1]


def test_our_classifier_alarms_in_the_chunks_in_which_nannymls_does(
    loans: tuple[pl.DataFrame, pl.DataFrame], published: Path
) -> None:
    printed = table(published, "Tutorial_Drift_Multivariate_Domain_Classifier__02")
    for chunk, (value, _, _, alert) in zip(pieces(loans[1], CHUNK), printed, strict=True):
        found = domain_classifier(loans[0], chunk, max_rows=1500)
        assert (found.status == "drift") == (alert == "True")
        assert found.value == pytest.approx(float(value), abs=0.06)  # fewer rows, another model


def test_no_rows_have_no_error_and_nothing_is_fitted_to_nothing() -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": ["x", "y", "x"]})
    found = nannyml_reconstruction(frame, [frame.clear(), frame.head(1)])
    assert np.isnan(found.current[0].value)
    assert np.isnan(found.current[1].sampling_error)
    assert np.isnan(found.thresholds).all()
    for empty in (frame.clear(), frame.head(1)):
        with pytest.raises(DataError):
            nannyml_reconstruction(empty, [frame])


def table(published: Path, name: str) -> list[list[str]]:
    """The printed numbers of one table: all that belongs to a method, without the chunks."""
    with (published / "nannyml" / f"{name}.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = [n for n in rows[0] if n.startswith(("reconstruction_error.", "domain_classifier"))]
    return [[row[name] for name in names] for row in rows]
