"""The two files that are written, read and run as Mooring does it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mooring.clock import system_clock
from mooring.errors import UsageError
from mooring.lineage.answering import answers_of, features_of
from mooring.lineage.codespace import CodeSpace
from mooring.lineage.loading import call_train, dump_model, load_model
from mooring.pipeline.splitting import labelled_rows, split_by_time
from mooring.reading.tables import read_table
from mooring.settings.model import Settings
from mooring.settings.read import load_settings
from mooring.starting.inspect import inspect_data
from mooring.starting.write import write_project
from tests.unit.starting import frames

CASES = {
    "iris": (frames.iris, "class"),
    "adult": (frames.adult, "income"),
    "titanic": (frames.titanic, "Survived"),
    "churn": (frames.churn, "Churn"),
    "oddities": (frames.oddities, "y"),
    "nasty": (frames.nasty, 'tar"get\n'),
}


def write(frame: pl.DataFrame, target: str, folder: Path, name: str = "data.parquet") -> Settings:
    frame.write_parquet(folder / name)
    read = read_table(name, folder)
    plan = inspect_data(read, target=target, name="demo", source=name)
    write_project(plan, folder)
    return load_settings(folder, {})


def train_and_answer(settings: Settings) -> None:
    """Trains a few rounds; a row alone is answered as it is among others."""
    data, space = settings.data, CodeSpace.load(settings.root)
    rows = labelled_rows(read_table(data.source, settings.root, data.types), data, system_clock())
    splits = split_by_time(rows, data, settings.split)

    def features(of: pl.DataFrame) -> pl.DataFrame:
        made = features_of(space, of.drop(settings.hidden_columns), "polars")
        assert isinstance(made, pl.DataFrame)
        return made

    inputs = features(splits.training)
    truth = splits.training[data.target].to_numpy()
    model = call_train(space, inputs, truth, {"seed": 0, **settings.params, "max_iter": 3})
    saved, trusted = dump_model(model, "skops", space)
    model = load_model(saved, "skops", trusted, space)
    together = answers_of(model, features(splits.holdout), data.task)
    alone = features(splits.holdout.tail(1))
    assert alone.schema == inputs.schema
    assert answers_of(model, alone, data.task).predictions[0] == together.predictions[-1]
    nothing = splits.holdout.tail(1).clear(1).with_columns(pl.all().cast(pl.Null, strict=False))
    answers_of(model, features(nothing), data.task)
    if together.probabilities is not None:
        assert np.isfinite(together.probabilities).all()


@pytest.mark.parametrize("name", CASES)
def test_a_written_project_runs_unchanged(name: str, tmp_path: Path) -> None:
    make, target = CASES[name]
    settings = write(make(), target, tmp_path)
    assert settings.data.target == target
    train_and_answer(settings)


@pytest.mark.parametrize("name", CASES)
def test_the_written_code_is_formatted_and_lint_free(name: str, tmp_path: Path) -> None:
    make, target = CASES[name]
    write(make(), target, tmp_path)
    for command in (["check"], ["format", "--check", "--line-length", "100"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "pipeline.py"]
        done = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert "mooring." not in (tmp_path / "pipeline.py").read_text().replace("mooring.toml", "")


def test_names_cannot_break_out_of_the_files(tmp_path: Path) -> None:
    settings = write(frames.nasty(), 'tar"get\n', tmp_path, name="my data's file.parquet")
    assert settings.storage.catalog is None
    assert settings.data.source == "my data's file.parquet"
    space = CodeSpace.load(tmp_path)
    made = features_of(space, frames.nasty().drop('tar"get\n'), "polars")
    assert list(made.columns) == [*frames.NASTY, *(f"{name} word" for name in frames.NASTY)]


def test_csv_runs_as_parquet_does(tmp_path: Path) -> None:
    frame = frames.oddities().select("created", "amount", "ok", "store_id", "y")
    frame.write_csv(tmp_path / "data.csv")
    read = read_table("data.csv", tmp_path)
    plan = inspect_data(read, target="y", name="demo", source="data.csv")
    assert (plan.time, plan.types) == ("created", ())
    write_project(plan, tmp_path)
    train_and_answer(load_settings(tmp_path, {}))


def test_nothing_is_overwritten_unless_asked_for(tmp_path: Path) -> None:
    plan = inspect_data(frames.adult(), target="income", name="demo", source="data.csv")
    (tmp_path / "pipeline.py").write_text("mine")
    with pytest.raises(UsageError, match=r"pipeline\.py would be overwritten"):
        write_project(plan, tmp_path)
    assert not (tmp_path / "mooring.toml").exists()
    assert (tmp_path / "pipeline.py").read_text() == "mine"
    write_project(plan, tmp_path, overwrite=True)
    assert (tmp_path / "pipeline.py").read_text() != "mine"


def test_gitignore_is_added_to_once(tmp_path: Path) -> None:
    plan = inspect_data(frames.adult(), target="income", name="demo", source="data.csv")
    (tmp_path / ".gitignore").write_text("*.pyc")
    first = write_project(plan, tmp_path)
    second = write_project(plan, tmp_path, overwrite=True)
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n.mooring/\n"
    assert [file.name for file in set(first) - set(second)] == [".gitignore"]


def test_data_outside_the_project_is_named_absolutely(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for source, written in (
        ("../data.csv", str(tmp_path.resolve() / "data.csv")),
        (str(project / "raw" / "data.csv"), "raw/data.csv"),
        ("s3://bucket/data.csv", "s3://bucket/data.csv"),
    ):
        plan = inspect_data(frames.adult(), target="income", name="demo", source=source)
        write_project(plan, project, overwrite=True)
        assert load_settings(project, {}).data.source == written


def test_the_written_code_needs_no_pandas_and_no_pyarrow(tmp_path: Path) -> None:
    make, target = CASES["churn"]
    write(make(), target, tmp_path)
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(pl.__file__).parents[1].iterdir():
        if not entry.name.startswith(("pandas", "pyarrow")):
            (packages / entry.name).symlink_to(entry)
    script = (
        "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p];"
        f"sys.path[:0] = [{str(packages)!r}, '.'];"
        "from importlib.util import find_spec as f; assert not f('pandas') and not f('pyarrow');"
        "import polars as pl; from pipeline import features, train;"
        "d = pl.read_parquet('data.parquet'); X = features(d.drop('Churn', 'customerID'));"
        "m = train(X, d['Churn'].to_numpy(), {'seed': 0, 'max_iter': 2});"
        "assert len(m.predict(X)) == d.height and len(m.predict_proba(X[:1])) == 1"
    )
    command = [sys.executable, "-I", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("bike_sharing/bike_sharing", "cnt"),
        ("elec2/elec2", "class"),
        ("nycflights13/nycflights13", "late"),
        ("us_census_ma_employment/us_census_ma_employment", "employed"),
        ("nannyml_synthetic/mc_reference", "y_true"),
        ("nannyml_synthetic/synthetic_car_loan_reference", "repaid"),
    ],
)
def test_known_data_runs_unchanged(
    shared_data: Path, tmp_path: Path, file: str, target: str
) -> None:
    frame = pl.read_parquet(shared_data / f"{file}.parquet")
    train_and_answer(write(frame.gather_every(max(1, frame.height // 800)), target, tmp_path))
