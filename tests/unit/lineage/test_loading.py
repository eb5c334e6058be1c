from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Literal

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from mooring.errors import ArtifactError, SettingsError, UserCodeError
from mooring.lineage.answers import Answers
from mooring.lineage.artifacts import FINGERPRINTS, ArtifactStore, Manifest
from mooring.lineage.codespace import CodeSpace
from mooring.lineage.fingerprints import fingerprints_of
from mooring.lineage.golden import check_golden
from mooring.lineage.loading import (
    LoadedVersion,
    answers_of,
    as_polars,
    call_train,
    dump_model,
    features_of,
    golden_parts,
    load_model,
    load_version,
)

BOOSTED = """
    import polars as pl
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    def features(frame):
        return frame.with_columns(both=pl.col("a") + pl.col("b"))

    def train(X, y, params):
        coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        encode = make_column_transformer((coded, ["c"]), remainder="passthrough")
        model = HistGradientBoostingClassifier(max_iter=10, random_state=0)
        return make_pipeline(encode, model).fit(X, y)
"""
OWN = """
    from __future__ import annotations
    import numpy as np
    from dataclasses import dataclass
    from helpers import shift

    @dataclass
    class MyModel:
        means: dict[str, float]

        def predict(self, X):
            return shift(np.array([self.means.get(c, 0.0) for c in X["c"]]))

    def features(frame):
        return frame

    def train(X, y, params):
        return MyModel({"x": 1.5, "y": 2.5})
"""
HELPERS = "def shift(values):\n    return values + 1\n"

Files = Mapping[str, str]


def rows(count: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    kinds = rng.choice(["x", "y", "z"], count)
    return pl.DataFrame({"a": rng.normal(size=count), "b": rng.integers(0, 9, count), "c": kinds})


def labels(frame: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.where(frame["a"].to_numpy() + frame["b"].to_numpy() > 4, "yes", "no")


def space_of(folder: Path, pipeline: str, **others: str) -> CodeSpace:
    folder.mkdir(exist_ok=True)
    for name, text in {"pipeline": pipeline, **others}.items():
        (folder / f"{name}.py").write_text(dedent(text))
    return CodeSpace.load(folder)


def keep(  # noqa: PLR0913 - each has a default but three
    folder: Path,
    space: CodeSpace,
    task: Literal["regression", "binary", "multiclass"],
    *,
    model_format: str = "skops",
    frame: Literal["polars", "pandas"] = "polars",
    parts: Mapping[str, bytes] | None = None,
) -> tuple[ArtifactStore, str, Answers]:
    """Train, write and give the answers as they were in training."""
    raw = rows()
    made = features_of(space, raw, frame)
    model = call_train(space, made, labels(raw), {})
    answers = answers_of(model, made, task)
    data, trusted = dump_model(model, model_format, space)
    golden = raw.head(9)
    said = answers_of(model, features_of(space, golden, frame), task)
    manifest = Manifest(
        name="m",
        task=task,
        model_format=model_format,
        trusted=trusted,
        classes=answers.classes,
        frame=frame,
        features=tuple(made.columns),
    )
    own = {f"code/{name}": text for name, text in space.files().items()}
    made_parts = {f"model.{model_format}": data, **own, **golden_parts(golden, said)}
    store = ArtifactStore(folder / "store")
    return store, store.write(manifest, {**made_parts, **(parts or {})}), answers


def same(one: Answers, other: Answers) -> bool:
    """Whether they are equal to the last bit."""
    first, second = one.probabilities, other.probabilities
    return (
        one.classes == other.classes
        and np.array_equal(one.predictions, other.predictions)
        and np.array_equal(np.array(first), np.array(second))
    )


def test_p8_boosted_trees_on_encoded_frames_answer_exactly_as_trained(tmp_path: Path) -> None:
    store, digest, trained = keep(tmp_path, space_of(tmp_path / "p", BOOSTED), "binary")
    version = load_version(store, digest)
    assert same(version.answers(rows()), trained)
    assert trained.classes == ("no", "yes")
    assert trained.probabilities is not None
    assert version.features(rows()).columns == ["a", "b", "c", "both"]
    assert version.manifest.trusted == (
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    )


FRESH = """
import sys
from pathlib import Path
import polars as pl
from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.loading import load_version

one = pl.DataFrame({"a": [0.0], "b": [1], "c": ["y"]})
for digest in sys.argv[2:]:
    version = load_version(ArtifactStore(Path(sys.argv[1])), digest)
    print(version.manifest.model_format, version.answers(one).predictions)
"""


def test_p8_a_model_of_the_projects_own_class_loads_in_a_fresh_process(tmp_path: Path) -> None:
    space = space_of(tmp_path / "p", OWN, helpers=HELPERS)
    store, digest, trained = keep(tmp_path, space, "regression")
    _, pickled, _ = keep(tmp_path, space, "regression", model_format="pickle")
    assert same(load_version(store, digest).answers(rows()), trained)
    assert store.read(digest).manifest.trusted == ("pipeline.MyModel",)
    command = [sys.executable, "-W", "error", "-c", FRESH, str(store.root), digest, pickled]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "skops [3.5]\npickle [3.5]\n", done.stderr


def test_p8_two_versions_of_one_project_answer_each_with_its_own_code(tmp_path: Path) -> None:
    versions = []
    for step in (1, 10):
        helpers = HELPERS.replace("+ 1", f"+ {step}")
        space = space_of(tmp_path / "p", OWN, helpers=helpers)
        store, digest, _ = keep(tmp_path, space, "regression")
        versions.append(load_version(store, digest))
    one = pl.DataFrame({"a": [0.0], "b": [1], "c": ["x"]})
    assert [version.answers(one).predictions.tolist() for version in versions] == [[2.5], [11.5]]


def test_p8_golden_rows_that_answer_otherwise_refuse_the_version(tmp_path: Path) -> None:
    space = space_of(tmp_path / "p", OWN, helpers=HELPERS)
    other = {"code/helpers.py": HELPERS.replace("+ 1", "+ 1.001").encode()}
    store, digest, _ = keep(tmp_path, space, "regression", parts=other)
    with pytest.raises(ArtifactError, match="9 of 9 golden rows") as caught:
        load_version(store, digest)
    assert caught.value.where.startswith("row 0: expected ")
    assert "found " in caught.value.where
    assert isinstance(load_version(store, digest, check_golden=False), LoadedVersion)


@given(st.lists(st.floats(width=64), min_size=1, max_size=5))
def test_golden_rows_keep_every_float(values: list[float]) -> None:
    answers = Answers(np.array(values))
    check_golden(golden_parts(rows(len(values)), answers), answers)
    other = Answers(np.where(np.isfinite(values), np.inf, 0.0))
    with pytest.raises(ArtifactError):
        check_golden(golden_parts(rows(len(values)), answers), other)


@pytest.mark.parametrize("known", [("a", "b"), (1, 2), (False, True)])
def test_golden_rows_keep_labels_and_find_another_probability(
    known: tuple[str | int | bool, ...],
) -> None:
    chances = np.array([[0.1, 0.9], [1.0, 0.0]])
    answers = Answers(np.array([known[1], known[0]]), chances, known)
    parts = golden_parts(rows(2), answers)
    check_golden(parts, answers)
    with pytest.raises(ArtifactError, match="another prediction"):
        check_golden(parts, replace(answers, predictions=answers.predictions[::-1]))
    with pytest.raises(ArtifactError, match="another probabilities"):
        check_golden(parts, replace(answers, probabilities=chances * (1 - 1e-4)))
    with pytest.raises(ArtifactError, match="gives probabilities"):
        check_golden(parts, replace(answers, probabilities=None))


def test_the_fingerprints_and_the_contract_come_along(tmp_path: Path) -> None:
    numbers = np.array([3, 2**63 + 1], dtype=np.uint64)
    marks = fingerprints_of(numbers).to_bytes()
    parts = {FINGERPRINTS: marks, "contract.json": b"{}"}
    space = space_of(tmp_path / "p", OWN, helpers=HELPERS)
    store, digest, _ = keep(tmp_path, space, "regression", parts=parts)
    version = load_version(store, digest)
    assert version.fingerprints.seen(numbers).all()
    assert FINGERPRINTS not in version.parts  # a server holds no copy of them
    assert version.contract_bytes == b"{}"


# Formats


def simple(folder: Path) -> CodeSpace:
    return space_of(folder, "def features(frame):\n    return frame\n")


def fitted() -> object:
    return LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])


@pytest.mark.parametrize("model_format", ["joblib", "", "SKOPS", "../pickle"])
def test_sec_13_an_unknown_format_is_refused(tmp_path: Path, model_format: str) -> None:
    data, _ = dump_model(fitted(), "pickle")
    with pytest.raises(ArtifactError, match="not a model format"):
        load_model(data, model_format, (), simple(tmp_path))
    with pytest.raises(ArtifactError, match="not a model format"):
        dump_model(fitted(), model_format)


@pytest.mark.parametrize(("written", "read"), [("skops", "pickle"), ("pickle", "skops")])
def test_sec_13_no_format_stands_in_for_another(tmp_path: Path, written: str, read: str) -> None:
    data, trusted = dump_model(fitted(), written)
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        load_model(data, read, trusted, simple(tmp_path))


class Canary:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str, bytes]]:
        return _leave_mark, (str(self.marker), b"")


def _leave_mark(marker: str, data: bytes) -> None:
    Path(marker).write_bytes(data)


def test_sec_15_a_pickle_named_skops_runs_nothing(tmp_path: Path) -> None:
    import pickle

    data = pickle.dumps(Canary(tmp_path / "marker"))
    with pytest.raises(ArtifactError):
        load_model(data, "skops", (), simple(tmp_path / "p"))
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("damage", ["truncated", "garbled", "empty", "wrong"])
@pytest.mark.parametrize("model_format", ["skops", "pickle"])
def test_a_damaged_model_is_an_artifact_error(
    tmp_path: Path, model_format: str, damage: str
) -> None:
    data, trusted = dump_model(fitted(), model_format)
    broken = {
        "truncated": data[: len(data) // 2],
        "garbled": bytes(byte ^ 0x55 for byte in data),
        "empty": b"",
        "wrong": b"PK\x03\x04 not really",
    }[damage]
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        load_model(broken, model_format, trusted, simple(tmp_path))


def test_sec_10_only_recorded_types_are_trusted(tmp_path: Path) -> None:
    space = space_of(tmp_path, OWN, helpers=HELPERS)
    data, trusted = dump_model(call_train(space, rows(), labels(rows()), {}), "skops", space)
    assert trusted == ("pipeline.MyModel",)
    with pytest.raises(ArtifactError, match=r"Untrusted.*pipeline\.MyModel"):
        load_model(data, "skops", ("pipeline.Other",), space)


def test_another_version_of_scikit_learn_is_left_to_the_golden_rows(tmp_path: Path) -> None:
    data, _ = dump_model(fitted(), "pickle")
    older = data.replace(b"1.9.", b"1.7.")
    assert older != data, "the pickle should name the version of scikit-learn"
    assert load_model(older, "pickle", (), simple(tmp_path)) is not None


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]),
        LogisticRegression().fit([[0.0], [1.0]], ["a", "b"]),
        RandomForestRegressor(n_estimators=3, random_state=0).fit([[0.0], [1.0]], [0.0, 2.0]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_common_models_survive_skops_without_a_warning(tmp_path: Path, model: object) -> None:
    data, trusted = dump_model(model, "skops")
    loaded = load_model(data, "skops", trusted, simple(tmp_path))
    some = np.array([[0.2], [0.9]])
    task = "binary" if isinstance(model, LogisticRegression) else "regression"
    assert same(answers_of(model, some, task), answers_of(loaded, some, task))


def test_a_model_that_skops_cannot_keep_says_what_to_set() -> None:
    with pytest.raises(UserCodeError, match="skops cannot keep") as caught:
        dump_model(FunctionTransformer(lambda x: x), "skops")
    assert caught.value.fix == 'in mooring.toml, [pipeline] model_format = "pickle"'
    with pytest.raises(UserCodeError, match="pickle cannot keep"):
        dump_model(FunctionTransformer(lambda x: x), "pickle")


# Answers


class Says:
    """A model that answers what it was given."""

    def __init__(self, predict: object, proba: object = None, classes: object = None) -> None:
        self._predict = predict
        if proba is not None:
            self.predict_proba = lambda _: proba
        if classes is not None:
            self.classes_ = classes

    def predict(self, X: object) -> object:  # noqa: ARG002
        return self._predict


TWO = pl.DataFrame({"a": [1, 2]})


@pytest.mark.parametrize(
    "said",
    [[1, 2], np.array([1, 2], "f4"), np.array([[1], [2]]), pl.Series([1, 2]), pd.Series([1, 2])],
)
def test_regression_answers_are_flat_floats(said: object) -> None:
    answers = answers_of(Says(said), TWO, "regression")
    assert answers.predictions.dtype == np.float64
    assert answers.predictions.tolist() == [1.0, 2.0]
    assert (answers.probabilities, answers.classes) == (None, ())


def test_predictions_that_are_not_finite_are_left_for_the_gate() -> None:
    answers = answers_of(Says([float("nan"), float("inf")]), TWO, "regression")
    assert np.isnan(answers.predictions[0])


@pytest.mark.parametrize(
    ("said", "own", "classes", "kind"),
    [
        (["a", "b"], ["a", "b"], ("a", "b"), "U"),
        (np.array(["a", "b"], dtype=object), np.array(["a", "b"], dtype=object), ("a", "b"), "U"),
        ([0, 1], np.array([0, 1]), (0, 1), "i"),
        ([0.0, 1.0], np.array([0.0, 1.0]), (0, 1), "i"),
        ([True, False], np.array([False, True]), (False, True), "b"),
        (np.array([True, False], dtype=object), [False, True], (False, True), "b"),
    ],
)
def test_class_labels_have_one_plain_type(
    said: object, own: object, classes: tuple[object, ...], kind: str
) -> None:
    answers = answers_of(Says(said, np.eye(2), own), TWO, "binary")
    assert answers.predictions.dtype.kind == kind
    assert answers.classes == classes
    assert [type(label) for label in answers.classes] == [type(label) for label in classes]


def test_classes_come_from_the_manifest_when_the_model_has_none() -> None:
    answers = answers_of(Says(["a", "b"], np.eye(2)), TWO, "binary", ("a", "b"))
    assert answers.classes == ("a", "b")
    with pytest.raises(UserCodeError, match="does not say its classes"):
        answers_of(Says(["a", "b"], np.eye(2)), TWO, "binary")


def test_a_classifier_without_probabilities_answers_labels() -> None:
    assert answers_of(Says(["a", "b"]), TWO, "binary", ("a", "b")).probabilities is None


@pytest.mark.parametrize(
    ("model", "task", "what"),
    [
        (Says([1, 2, 3]), "regression", r"shape \(3,\) for 2 rows"),
        (Says(7), "regression", r"shape \(\)"),
        (Says(np.eye(2)), "regression", r"shape \(2, 2\)"),
        (Says(["a", "b"]), "regression", "not a number"),
        (Says(["a", "b"], np.eye(3), ["a", "b"]), "binary", "predict_proba"),
        (Says(["a", "b"], np.ones(2), ["a", "b"]), "binary", "predict_proba"),
        (Says([0.5, 1.5]), "binary", "0.5 cannot be a class"),
        (Says(np.array(["a", 1], dtype=object)), "binary", "more than one type"),
        (object(), "regression", "no predict"),
    ],
)
def test_answers_that_cannot_be_used_are_the_users_error(
    model: object, task: str, what: str
) -> None:
    with pytest.raises(UserCodeError, match=what):
        answers_of(model, TWO, task)


def test_no_rows_get_no_answers() -> None:
    answers = answers_of(
        LogisticRegression().fit([[0.0], [1.0]], ["a", "b"]), TWO.clear(), "binary"
    )
    assert len(answers) == 0
    assert answers.probabilities is not None
    assert answers.probabilities.shape == (0, 2)


def test_an_error_inside_predict_names_the_users_line(tmp_path: Path) -> None:
    text = """
        class M:
            def predict(self, X):
                return X["missing"]
        def train(X, y, params):
            return M()
    """
    model = call_train(space_of(tmp_path, text), TWO, np.array([1, 2]), {})
    with pytest.raises(UserCodeError, match="predict raised an error: ColumnNotFound") as caught:
        answers_of(model, TWO, "regression")
    assert caught.value.where == "pipeline.py, line 4"


# Features


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("return frame.head(1)", "1 rows for 2"),
        ("return frame.lazy()", "LazyFrame, not a data frame"),
        ("return None", "NoneType, not a data frame"),
        ("return frame['b']", "ColumnNotFound"),
    ],
)
def test_features_that_cannot_be_used_are_the_users_error(
    tmp_path: Path, body: str, what: str
) -> None:
    space = space_of(tmp_path, f"def features(frame):\n    {body}\n")
    with pytest.raises(UserCodeError, match=what) as caught:
        features_of(space, TWO, "polars")
    assert "pipeline.py" in caught.value.where


@pytest.mark.parametrize(
    "body", ["return frame", "import polars\n    return polars.DataFrame(frame)"]
)
def test_pandas_is_given_on_request_and_either_frame_comes_back(tmp_path: Path, body: str) -> None:
    text = f"def features(frame):\n    assert hasattr(frame, 'iloc')\n    {body}\n"
    made = features_of(space_of(tmp_path, text), TWO, "pandas")
    assert as_polars(made).equals(TWO)


def test_missing_pandas_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_: pl.DataFrame) -> None:
        raise ModuleNotFoundError("No module named 'pandas'", name="pandas")

    monkeypatch.setattr(pl.DataFrame, "to_pandas", absent)
    with pytest.raises(SettingsError, match="needs pandas") as caught:
        features_of(simple(tmp_path), TWO, "pandas")
    assert caught.value.fix == "pip install 'mooring[pandas]'"


PANDAS = """
    from sklearn.linear_model import LinearRegression
    def features(frame):
        return frame.assign(both=frame.a + frame.b)[["a", "both"]]
    def train(X, y, params):
        return LinearRegression().fit(X, y == "yes")
"""


def test_a_pandas_project_answers_as_trained(tmp_path: Path) -> None:
    space = space_of(tmp_path / "p", PANDAS)
    store, digest, trained = keep(tmp_path, space, "regression", frame="pandas")
    version = load_version(store, digest)
    assert same(version.answers(rows()), trained)
    assert version.features(rows()).columns == ["a", "both"]


def test_features_that_make_other_columns_for_other_rows_are_found(tmp_path: Path) -> None:
    text = OWN.replace("return frame", "return frame if frame.height > 1 else frame.drop('a')")
    space = space_of(tmp_path / "p", text, helpers=HELPERS)
    store, digest, _ = keep(tmp_path, space, "regression")
    with pytest.raises(UserCodeError, match="other columns") as caught:
        load_version(store, digest).answers(rows(1))
    assert caught.value.where == "a"


def test_train_that_returns_no_model_is_the_users_error(tmp_path: Path) -> None:
    space = space_of(tmp_path, "def train(X, y, params):\n    return 3\n")
    with pytest.raises(UserCodeError, match="int, which has no predict"):
        call_train(space, TWO, np.array([1, 2]), {})


COUNTING = """
    import numpy as np
    import sklearn.ensemble
    from threadpoolctl import threadpool_info

    class Counting:
        def predict(self, X):
            pools = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
            used = max(pool["num_threads"] for pool in pools)
            return np.full(len(X), used if len(X) != 9 else 0)  # golden rows

    def features(frame):
        return frame

    def train(X, y, params):
        return Counting()
"""


def test_few_rows_are_answered_by_one_thread(tmp_path: Path) -> None:
    store, digest, trained = keep(tmp_path, space_of(tmp_path / "p", COUNTING), "regression")
    version = load_version(store, digest)
    assert version.answers(rows(8)).predictions.tolist() == [1.0] * 8
    assert version.answers(rows(1_000)).predictions[0] == trained.predictions[0]


SEARCHED = """
    from helpers import Scaled
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    def train(X, y, params):
        grid = {"scaled__by": [1.0, 2.0]}
        return GridSearchCV(make_pipeline(Scaled(), Ridge()), grid, n_jobs=2, cv=2).fit(X, y)
"""
SCALED = """
    from sklearn.base import BaseEstimator, TransformerMixin

    class Scaled(TransformerMixin, BaseEstimator):
        def __init__(self, by=1.0):
            self.by = by

        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return X.to_numpy() * self.by
"""


def test_train_may_use_the_projects_classes_in_worker_processes(tmp_path: Path) -> None:
    space = space_of(tmp_path, SEARCHED, helpers=SCALED)
    frame = pl.DataFrame({"a": np.arange(20.0)})
    model = call_train(space, frame, np.arange(20.0), {})
    data, trusted = dump_model(model, "skops", space)
    assert "helpers.Scaled" in trusted
    loaded = load_model(data, "skops", trusted, space)
    assert same(answers_of(loaded, frame, "regression"), answers_of(model, frame, "regression"))


def test_a_version_without_its_model_is_an_artifact_error(tmp_path: Path) -> None:
    space = space_of(tmp_path / "p", OWN, helpers=HELPERS)
    store, digest, _ = keep(tmp_path, space, "regression")
    stored = store.read(digest)
    parts = {name: data for name, data in stored.parts.items() if name != "model.skops"}
    manifest = msgspec.structs.replace(stored.manifest, name="other")
    with pytest.raises(ArtifactError, match=r"no model\.skops"):
        load_version(store, store.write(manifest, parts))
