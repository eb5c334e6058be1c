"""The one module that turns bytes into models.

The format is the one that was recorded, never guessed from the bytes, and none stands in for
another. skops builds nothing but scikit-learn's own types and those that were listed when the
model was written; pickle runs whatever it holds, and is only used where the settings said so.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from mmap import mmap
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mooring.errors import ArtifactError, UserCodeError
from mooring.lineage.answering import (
    Predicts,
    answers_of,
    as_polars,
    features_of,
    like_frame,
)
from mooring.lineage.artifacts import ArtifactStore, Manifest
from mooring.lineage.codespace import CodeSpace, place_of, user_code
from mooring.lineage.fingerprints import Fingerprints, read_fingerprints
from mooring.lineage.golden import check_golden, golden_parts, golden_rows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mooring.lineage.answering import Frame
    from mooring.lineage.answers import Answers

__all__ = [
    "LoadedVersion",
    "answers_of",
    "as_polars",
    "call_train",
    "dump_model",
    "features_of",
    "golden_parts",
    "like_frame",
    "load_model",
    "load_version",
]

_FEW_ROWS = 1_000
"""Below this one OpenMP thread answers as soon as two, for half the processor time."""
_CODE = "code/"


def call_train(
    space: CodeSpace,
    X: object,
    y: NDArray[np.generic],
    params: Mapping[str, object],
) -> object:
    """The model that the project's ``train`` returns.

    Its modules are found by name meanwhile, and sent along to joblib's worker processes.

    Raises
    ------
    UserCodeError
        When ``train`` raises, or returns something without ``predict``.
    """
    with space.active(), _sent_by_value(space), user_code("train raised an error"):
        model = space.train(X, y, dict(params))
    if not isinstance(model, Predicts):
        raise UserCodeError(
            f"train returned {type(model).__name__}, which has no predict",
            where=f"train in {space.entry}",
            fix="return the fitted model",
        )
    return model


@contextmanager
def _sent_by_value(space: CodeSpace) -> Iterator[None]:
    """Worker processes cannot import the project's modules: they get its classes as they are."""
    from joblib.externals.loky import cloudpickle_wrapper

    # joblib brought its own copy before 1.6: ask for the one that it uses
    cloudpickle = import_module(vars(cloudpickle_wrapper)["dumps"].__module__)
    modules = space.modules()
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def dump_model(
    model: object, model_format: str, space: CodeSpace | None = None
) -> tuple[bytes, tuple[str, ...]]:
    """A model as bytes, tried out by loading them again.

    Parameters
    ----------
    model : object
        A fitted model.
    model_format : str
        ``skops`` or ``pickle``.
    space : CodeSpace, optional
        The code that defines the model's classes; without it the caller is inside ``active()``.

    Returns
    -------
    bytes
        The model.
    tuple of str
        The types beyond scikit-learn's own that loading it has to trust; none for a pickle.

    Raises
    ------
    UserCodeError
        When the model cannot be written in that format.

    Examples
    --------
    ``data, trusted = dump_model(model, "skops", space)``
    """
    with nullcontext() if space is None else space.active():
        try:
            data, trusted = _form(model_format).dump(model)
            with _across_versions():
                _form(model_format).load(data, trusted)
        except ArtifactError:
            raise
        except Exception as error:
            raise UserCodeError(
                f"{model_format} cannot keep a {type(model).__name__}: {error}",
                where=place_of(error),
                fix='in mooring.toml, [pipeline] model_format = "pickle"'
                if model_format == "skops"
                else "define its classes and functions at the top of a module, by name",
            ) from error
    return data, trusted


def load_model(data: bytes, model_format: str, trusted: Sequence[str], space: CodeSpace) -> object:
    """The model that bytes hold.

    Parameters
    ----------
    data : bytes
        From :func:`dump_model`.
    model_format : str
        As recorded when it was written.
    trusted : sequence of str
        The types that may be built beside scikit-learn's own; no others are.
    space : CodeSpace
        Where the model's own classes are found.

    Raises
    ------
    ArtifactError
        When the format is unknown, the bytes are damaged, a type is not trusted, or a library is
        missing or too different.

    Examples
    --------
    ``model = load_model(data, manifest.model_format, manifest.trusted, space)``
    """
    form = _form(model_format)
    with space.active(), _across_versions():
        try:
            return form.load(data, tuple(trusted))
        except Exception as error:
            raise ArtifactError(
                f"the model cannot be loaded: {type(error).__name__}: {str(error)[:300]}",
                where=place_of(error) or f"model.{model_format}",
                fix="use the library versions it was trained with (its environment.json)",
            ) from error


class _Threads(Protocol):
    def limit(self, *, limits: int, user_api: str) -> AbstractContextManager[object]: ...


@dataclass(frozen=True, slots=True, eq=False)
class LoadedVersion:
    """A model version that can answer, with everything it brought along."""

    digest: str
    manifest: Manifest
    parts: Mapping[str, bytes]
    space: CodeSpace
    model: object
    _threads: _Threads
    _marks: mmap | None = None

    def answers(self, rows: pl.DataFrame) -> Answers:
        """What the model says about raw input rows, by way of its own ``features``.

        Parameters
        ----------
        rows : polars.DataFrame, shape (n, inputs)

        Raises
        ------
        UserCodeError
            When ``features`` or the model raise, or return what cannot be used.
        """
        frame = self._frame(rows)
        manifest = self.manifest
        with self._few_threads(rows.height):
            return answers_of(self.model, frame, manifest.task, manifest.classes)

    def features(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The features of raw input rows, as polars; errors as for :meth:`answers`."""
        return as_polars(self._frame(rows))

    @property
    def contract_bytes(self) -> bytes:
        """The data contract that requests must meet."""
        return self._part("contract.json")

    @property
    def fingerprints(self) -> Fingerprints:
        """The training rows, as a memory map.

        Raises
        ------
        ArtifactError
            When it has none.
        """
        if self._marks is None:
            raise ArtifactError(
                "the model version does not say which rows it was trained on",
                where=self.digest,
                fix="train again: mooring run",
            )
        return read_fingerprints(self._marks)

    def _part(self, name: str) -> bytes:
        if name not in self.parts:
            raise ArtifactError(f"the model version has no {name}", where=self.digest)
        return self.parts[name]

    def _frame(self, rows: pl.DataFrame) -> Frame:
        given = [name for name in self.manifest.inputs if name in rows.columns] or rows.columns
        frame = features_of(self.space, rows.select(given), self.manifest.frame)
        if tuple(frame.columns) != self.manifest.features:
            odd = sorted({*map(str, frame.columns)} ^ {*self.manifest.features})
            raise UserCodeError(
                "features returned other columns than in training",
                where=", ".join(odd[:5]) or "the same columns in another order",
                fix="make the same columns whatever the rows hold",
            )
        return frame

    @contextmanager
    def _few_threads(self, rows: int) -> Iterator[None]:
        if rows >= _FEW_ROWS:
            yield
        else:
            with self._threads.limit(limits=1, user_api="openmp"):
                yield


def load_version(store: ArtifactStore, digest: str, *, check_golden: bool = True) -> LoadedVersion:
    """A model version from its own copy of everything, verified.

    Parameters
    ----------
    store : ArtifactStore
        Where it is.
    digest : str
        ``sha256:…``, as the catalog has it.
    check_golden : bool
        Whether its golden rows must get the answers they got in training.

    Raises
    ------
    ArtifactError
        When it is missing or damaged, cannot be loaded here, or answers differently.
    UserCodeError
        When its code does not run.

    Examples
    --------
    ``load_version(store, digest).answers(rows).predictions``
    """
    stored = store.read(digest)
    manifest, parts = stored.manifest, stored.parts
    code = {n.removeprefix(_CODE): data for n, data in parts.items() if n.startswith(_CODE)}
    space = CodeSpace(code, stored.folder / "code", manifest.code)
    name = f"model.{manifest.model_format}"
    if name not in parts:
        raise ArtifactError(f"the model version has no {name}", where=str(stored.folder))
    model = load_model(parts[name], manifest.model_format, manifest.trusted, space)
    version = LoadedVersion(digest, manifest, parts, space, model, _threads(), stored.fingerprints)
    if check_golden:
        _check(version)
    return version


def _threads() -> _Threads:
    """Knows the libraries that are loaded by now: ask after the model is."""
    threads: _Threads = import_module("threadpoolctl").ThreadpoolController()  # it has no types
    return threads


def _check(version: LoadedVersion) -> None:
    check_golden(version.parts, version.answers(golden_rows(version.parts)))


@dataclass(frozen=True, slots=True)
class _Form:
    dump: Callable[[object], tuple[bytes, tuple[str, ...]]]
    load: Callable[[bytes, tuple[str, ...]], object]


def _dump_skops(model: object) -> tuple[bytes, tuple[str, ...]]:
    import skops.io

    data = skops.io.dumps(model)
    return data, tuple(skops.io.get_untrusted_types(data=data))


def _load_skops(data: bytes, trusted: tuple[str, ...]) -> object:
    import skops.io

    loaded: object = skops.io.loads(data, trusted=list(trusted))
    return loaded


def _dump_pickle(model: object) -> tuple[bytes, tuple[str, ...]]:
    return pickle.dumps(model, protocol=5), ()


def _load_pickle(data: bytes, trusted: tuple[str, ...]) -> object:
    del trusted  # a pickle builds what it likes
    loaded: object = pickle.loads(data)  # noqa: S301 - the settings chose it, the digest holds
    return loaded


_FORMS: Mapping[str, _Form] = {
    "skops": _Form(_dump_skops, _load_skops),
    "pickle": _Form(_dump_pickle, _load_pickle),
}


def _form(model_format: str) -> _Form:
    if model_format not in _FORMS:
        raise ArtifactError(
            f"{model_format!r} is not a model format",
            fix=f"known are {', '.join(_FORMS)}; it may be from a newer Mooring",
        )
    return _FORMS[model_format]


@contextmanager
def _across_versions() -> Iterator[None]:
    """Without scikit-learn's warning about another version: golden rows tell whether it matters.

    Named by its text, for a model that needs no scikit-learn must not wait for it to be imported.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Trying to unpickle estimator", UserWarning)
        yield
