"""P3, P9: whatever is wrong, a run says what, where and what to do, and loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
import pytest

from mooring.lineage.catalog import queries
from tests.e2e.project import NAME, PIPELINE, STRONG, WEAK, Project, Said, rides

pytestmark = pytest.mark.e2e

FAIL, USAGE, UNKNOWN = 1, 2, 3
ROW = pl.int_range(pl.len())
PREDICTS = "return self.weights[0] + X.to_numpy() @ self.weights[1:]"
Breaks = Callable[[Project], object]


@dataclass(frozen=True, slots=True)
class Case:
    """Something bad, how the run ends, and what it says."""

    breaks: Breaks
    says: tuple[str, ...]
    code: int = FAIL
    run: str | None = "rejected"
    """How the run is marked; None when it ends before there is one."""


def data(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Breaks:
    """The rows after a change."""
    return lambda project: project.data(change(rides()))


def column(name: str, values: pl.Expr, rows: int = 400) -> Breaks:
    """The first rows of a column replaced."""
    some = pl.when(rows > ROW).then(values).otherwise(pl.col(name))
    return data(lambda frame: frame.with_columns((values if rows == 400 else some).alias(name)))


def edit(name: str, old: str, new: str) -> Breaks:
    """A file with a text replaced."""
    return lambda project: project.change(name, old, new)


def append(name: str, text: str) -> Breaks:
    """A file with a text at its end."""
    return lambda project: project.write(name, (project.root / name).read_text() + text)


def code(old: str, new: str, *says: str) -> Case:
    """A mistake in ``pipeline.py``."""
    return Case(edit("pipeline.py", old, new), says, run="failed")


NAN, INF = pl.lit(float("nan")), pl.lit(float("inf"))
IN_THE_DATA: Mapping[str, Case] = {
    "text for numbers": Case(column("temp", pl.lit("warm")), ("temp: ", "float", "'warm'")),
    "a few texts among numbers": Case(
        data(
            lambda frame: frame.with_columns(
                pl.when(ROW < 3).then(pl.lit("warm")).otherwise(pl.col("temp")).alias("temp")
            )
        ),
        ("temp: expected type float; found type string",),
    ),
    "a missing column": Case(data(lambda f: f.drop("hum")), ("hum: ", "no such column")),
    "missing values": Case(column("temp", NAN, 100), ("temp: ", "25 % missing", "(100 rows)")),
    "a column of missing values": Case(column("temp", NAN), ("temp: ", "100 % missing")),
    "one infinity": Case(column("temp", INF, 1), ("temp: expected finite", "(1 row")),
    "an infinite label": Case(column("cnt", INF, 1), ("cnt: expected finite", "(1 row")),
    "labels missing": Case(column("cnt", NAN, 100), ("cnt: ", "25 % missing")),
    "all labels missing": Case(column("cnt", NAN), ("cnt: expected labels", "(400 rows)")),
    "labels of text": Case(column("cnt", pl.lit("many")), ("cnt: expected numbers", "'many'")),
    "labels all the same": Case(column("cnt", pl.lit(3.0)), ("cnt: ", "always 3")),
    "a column that turned constant": Case(column("temp", pl.lit(0.5)), ("temp: ", "0.5")),
    "a file of no bytes": Case(
        lambda project: project.write("data.csv", ""), ("is empty", "data.csv"), run="failed"
    ),
    "a header only": Case(data(lambda f: f.head(0)), ("at least 100 rows; found 0",), UNKNOWN),
    "a single row": Case(data(lambda f: f.head(1)), ("at least 100 rows; found 1",), UNKNOWN),
    "two columns of one name": Case(
        edit("data.csv", "temp,hum", "temp,temp"),
        ("two columns have the same name: 'temp'", "data.csv, line 1"),
        run="failed",
    ),
    "a torn row": Case(append("data.csv", "1,2\n"), ("data.csv, line 402",), run="failed"),
    "no table at all": Case(
        lambda project: (project.root / "data.csv").write_bytes(b"\x89PNG\r\n"),
        ("not UTF-8", "data.csv, line 1"),
        run="failed",
    ),
    "no file": Case(
        lambda project: (project.root / "data.csv").unlink(), ("'data.csv'",), run="failed"
    ),
    "no instants": Case(data(lambda f: f.drop("at")), ("at: ", "[data] time")),
    "instants of text": Case(column("at", pl.lit("noon")), ("at: ", "'noon'")),
}
IN_THE_SETTINGS: Mapping[str, Case] = {
    "a target that is misspelt": Case(
        edit("mooring.toml", '"cnt"', '"cmt"'), ("cmt: ", "did you mean 'cnt'?")
    ),
    "an unknown key": Case(
        edit("mooring.toml", "time =", "tine ="),
        ("'data.tine'", "mooring.toml, line 8", "did you mean 'time'?"),
        USAGE,
        run=None,
    ),
    "an unknown kind of trigger": Case(
        append("mooring.toml", '[[triggers]]\nname = "n"\nkind = "scedule"\nevery = "1d"\n'),
        ("'scedule'", "mooring.toml, line", "did you mean 'schedule'?"),
        USAGE,
        run=None,
    ),
    "a trigger of unknown triggers": Case(
        append("mooring.toml", '[[triggers]]\nname = "n"\nkind = "all"\nof = ["m"]\n'),
        ("'m'", "mooring.toml"),
        USAGE,
        run=None,
    ),
    "no TOML": Case(
        edit("mooring.toml", "[params]", "[params"), ("TOML", "line 13"), USAGE, run=None
    ),
    "no settings": Case(
        lambda project: (project.root / "mooring.toml").unlink(),
        ("no mooring.toml", "mooring init"),
        USAGE,
        run=None,
    ),
    "a holdout too small to judge on": Case(
        append("mooring.toml", "[split]\nholdout = 0.02\n"),
        ("8 rows are fewer than the 50",),
        UNKNOWN,
    ),
}
IN_THE_CODE: Mapping[str, Case] = {
    "a syntax error": Case(
        append("pipeline.py", "def broken(:\n"), ("SyntaxError", "pipeline.py, line"), run="failed"
    ),
    "a missing import": Case(
        lambda project: project.write("pipeline.py", f"import lihgtgbm\n{PIPELINE}"),
        ("No module named 'lihgtgbm'", "pipeline.py, line 1", "install"),
        run="failed",
    ),
    "no train": code("def train", "def fit", "no function named train", "def train(X, y, params)"),
    "no file of that name": Case(
        lambda project: (project.root / "pipeline.py").unlink(),
        ("no pipeline.py",),
        run="failed",
    ),
    "features that raise": code(
        '"hum"', '"rain"', "features raised", '"rain"', "pipeline.py, line"
    ),
    "features that drop rows": code("return frame", "return frame.head(9)", "returned 9 rows"),
    "features without a result": code("return frame", "frame", "NoneType", "features in pipeline"),
    "train without a result": code("return Line", "Line", "NoneType", "train in pipeline.py"),
    "train that raises": code("return Line", "return y.no", "train raised", "pipeline.py, line 22"),
    "train that exits": code(
        "return Line", "exit(0)\n    Line", "SystemExit: 0", "pipeline.py, line"
    ),
    "predict that raises": code(PREDICTS, "return self.no", "predict raised", "'no'"),
    "predict of another shape": code(PREDICTS, "return [1.0]", "shape (1,)"),
    "predict of NaN": Case(
        edit("pipeline.py", PREDICTS, "return X.to_numpy()[:, 0] * np.nan"),
        ("refused v2", "no finite prediction for 80 of 80 rows"),
    ),
    "a worse candidate": Case(
        edit("pipeline.py", "rows.T @ y)", "rows.T @ y[::-1])"),
        ("refused v2", "champion v1", "rides/1 keeps the traffic"),
    ),
}


@pytest.mark.parametrize("name", IN_THE_DATA)
def test_bad_data_is_refused_and_nothing_is_lost(name: str, trained: Project) -> None:
    is_refused(trained, IN_THE_DATA[name])


@pytest.mark.parametrize("name", IN_THE_SETTINGS)
def test_bad_settings_are_refused_and_nothing_is_lost(name: str, trained: Project) -> None:
    is_refused(trained, IN_THE_SETTINGS[name])


@pytest.mark.parametrize("name", IN_THE_CODE)
def test_bad_code_is_refused_and_nothing_is_lost(name: str, trained: Project) -> None:
    is_refused(trained, IN_THE_CODE[name])


def is_refused(project: Project, case: Case) -> None:
    first = project.latest_run().id
    project.change("mooring.toml", WEAK, STRONG)
    case.breaks(project)
    said = project.mooring("run")
    assert said.code == case.code, said.err
    says(said, *case.says)
    latest = project.latest_run().id
    if case.run is None:
        assert latest == first
    else:
        assert project.events(latest) == ["started", case.run]
    assert project.shares() == {"rides/1": 1.0}


def says(said: Said, *texts: str) -> None:
    """An error with a cure, and never a stack."""
    assert said.err.partition("error: ")[2]
    assert "  fix:   " in said.err
    assert "Traceback" not in said.out + said.err
    assert "met an error of its own" not in said.err
    missing = [text for text in texts if text not in said.err]
    assert not missing, said.err


def test_one_more_column_is_no_reason_to_stop(improved: Project) -> None:
    improved.data(rides().with_columns(wind=ROW * 0.5))
    assert improved.mooring("run").code == 0
    assert improved.shares() == {"rides/2": 1.0}


def test_a_refused_candidate_stays_in_the_record_without_traffic(trained: Project) -> None:
    trained.change("pipeline.py", "rows.T @ y)", "rows.T @ y[::-1])")
    assert trained.mooring("run").code == FAIL
    run = trained.latest_run()
    with trained.catalog() as tx:
        version = queries.version_of_run(tx, run.id)
        assert version is not None
        (verdict,) = queries.verdicts(tx, version.id)
        holdout = {m.name: m.value for m in queries.metrics(tx, version.id) if m.role == "holdout"}
        steps = [result.step for result in queries.step_results(tx, run.id)]
        revisions = queries.revisions(tx, NAME)
    assert (version.id, verdict.outcome, verdict.opponent) == ("rides/2", "fail", "rides/1")
    assert any("champion v1" in reason for reason in verdict.reasons)
    assert holdout["mae"] > 20
    assert steps[-1] == "register"
    assert [revision.number for revision in revisions] == [1]
    assert "rejected" in trained.mooring("status").out
    said = trained.mooring("promote", "v2")
    assert said.code == FAIL
    says(said, "rides/2 has no passing verdict", "model: fail", "mooring override v2")
    assert trained.shares() == {"rides/1": 1.0}


BUSY = """
class Odds:
    classes_ = np.array([False, True])

    def predict_proba(self, X):
        busy = X.to_numpy()[:, 0].clip(0.05, 0.95)
        return np.column_stack([1 - busy, busy])

    def predict(self, X):
        return self.predict_proba(X)[:, 1] > 0.5


def train(X, y, params):
    return Odds()
"""


@pytest.fixture
def classifier(fresh: Project) -> Project:
    """A project that tells busy hours from quiet ones, nearly; it has not run yet."""
    fresh.change("mooring.toml", '"cnt"', '"busy"')
    fresh.change("mooring.toml", '"regression"', '"binary"')
    append("pipeline.py", BUSY)(fresh)
    noise = ROW % 9 == 0  # else the temperature alone would know the answer, which is a leak
    fresh.data(rides().with_columns(busy=(pl.col("cnt") > 35) ^ noise).drop("cnt"))
    return fresh


def test_a_classifier_takes_the_same_road(classifier: Project) -> None:
    said = classifier.mooring("run")
    assert said.code == 0, said.err
    assert classifier.shares() == {"rides/1": 1.0}


@pytest.mark.parametrize(
    ("classes", "text"),
    [
        (pl.lit(value=True), "one class only: True"),
        (pl.lit("busy"), "one class only: 'busy'"),
        (pl.concat_str(ROW % 3), "3"),
        (ROW.cast(pl.String), "400"),
    ],
    ids=["one class", "one class of text", "three classes", "a class for each row"],
)
def test_labels_of_no_binary_task_are_refused(
    classes: pl.Expr, text: str, classifier: Project
) -> None:
    classifier.data(rides().drop("cnt").with_columns(busy=classes))
    said = classifier.mooring("run")
    assert said.code == FAIL
    says(said, "busy: ", text)
    with classifier.catalog() as tx:
        assert queries.traffic(tx, NAME) is None
        steps = queries.step_results(tx, classifier.latest_run().id)
    assert [result.step for result in steps] == ["extract"]


def test_a_model_that_skops_cannot_keep_names_the_other_format(trained: Project) -> None:
    trained.change("mooring.toml", '"pickle"', '"skops"')
    trained.change("pipeline.py", "= weights", "= weights\n        self.link = lambda x: x")
    said = trained.mooring("run")
    assert said.code == FAIL
    says(said, "skops cannot keep a Line", 'model_format = "pickle"')
    assert trained.shares() == {"rides/1": 1.0}
