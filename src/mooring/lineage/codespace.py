"""A project's own modules, imported in isolation from every other version of themselves.

Two model versions may each bring a ``helpers.py``. Each :class:`CodeSpace` holds the source of its
modules and its own instances of them. Import statements inside a space's code resolve to that
space, in any thread and at any time, because the modules get their own ``__import__``. Lookups by
name (pickling, ``importlib.import_module``, dataclasses) go through ``sys.modules``, which belongs
to the whole process: :meth:`CodeSpace.active` lends it to one space at a time.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import TYPE_CHECKING

from mooring.errors import MooringError, UserCodeError
from mooring.lineage.imports import Module, local_files, modules_of, name_of, parse

if TYPE_CHECKING:
    from types import CodeType

UserFunction = Callable[..., object]

_LENDING = threading.RLock()
"""``sys.modules`` is one for the process; whoever holds this has it."""
_BORROWERS: list[CodeSpace] = []


class CodeSpace:
    """The modules of one project or model version.

    Parameters
    ----------
    files : mapping of str to bytes
        Source by path relative to ``folder``; nothing else below it can be imported.
    folder : Path
        What ``__file__`` of the modules starts with. It is not read.
    entry : str
        The file of the entry module.

    Raises
    ------
    UserCodeError
        When the entry module does not import; says the file and line of the user's code.

    Examples
    --------
    ``space = CodeSpace.load(Path("."))`` and then ``space.features(frame)``
    """

    def __init__(self, files: Mapping[str, bytes], folder: Path, entry: str) -> None:
        self.folder = folder
        self.entry = entry
        self._files = dict(files)
        self._sources = modules_of(files)
        self._tops = frozenset(name.partition(".")[0] for name in self._sources)
        self._modules: dict[str, ModuleType] = {}
        self._hidden: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}
        self._finder = _Finder(self)
        for file, source in self._files.items():
            parse(file, source)
        with user_code(f"{entry} does not import"), self.active():
            self._entry = importlib.import_module(name_of(entry))

    @classmethod
    def load(cls, folder: Path, entry: str = "pipeline.py") -> CodeSpace:
        """The project in a folder, with every local module that its entry can import.

        Parameters
        ----------
        folder : Path
            Where the project is.
        entry : str
            The entry module's file; modules beside it are local, as for a script.

        Raises
        ------
        UserCodeError
            When a file is missing, does not parse or does not import.

        Examples
        --------
        ``CodeSpace.load(Path("."), "pipeline.py").files()``
        """
        file = folder / entry
        if not file.stem.isidentifier():
            raise UserCodeError(
                f"{file.name} cannot be imported", fix="use letters, digits and _ in its name"
            )
        return cls(local_files(file.parent, file.name), file.parent.resolve(), file.name)

    def files(self) -> dict[str, bytes]:
        """Source by path relative to :attr:`folder`: the copy that a model version carries."""
        return dict(self._files)

    def modules(self) -> tuple[ModuleType, ...]:
        """The modules that have been imported so far."""
        return tuple(self._modules.values())

    def function(self, name: str) -> UserFunction | None:
        """The entry module's function of that name, or None."""
        found = getattr(self._entry, name, None)
        return found if callable(found) else None

    @property
    def features(self) -> UserFunction:
        """The project's ``features(frame)``."""
        return self._needed("features", "features(frame)")

    @property
    def train(self) -> UserFunction:
        """The project's ``train(X, y, params)``."""
        return self._needed("train", "train(X, y, params)")

    def _needed(self, name: str, signature: str) -> UserFunction:
        found = self.function(name)
        if found is None:
            there = hasattr(self._entry, name)
            raise UserCodeError(
                f"{self.entry} has {'no function' if not there else 'something else'} named {name}",
                where=str(self.folder / self.entry),
                fix=f"write def {signature}: in {self.entry}",
            )
        return found

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make the space's modules those that are found by name, in the whole process.

        Needed to pickle or unpickle their classes. Only one space is active at a time: others
        wait, so it is not for answering requests. May be nested.

        Examples
        --------
        ``with space.active(): pickle.loads(data)``
        """
        with _LENDING:
            if _BORROWERS and _BORROWERS[-1] is self:
                yield
                return
            before = _BORROWERS[-1:]  # of one thread, as the lock is held
            for other in before:
                other._leave()  # noqa: SLF001 - another of this class
            _BORROWERS.append(self)
            self._enter()
            try:
                yield
            finally:
                self._leave()
                _BORROWERS.pop()
                for other in before:
                    other._enter()  # noqa: SLF001

    def _enter(self) -> None:
        self._hidden = {
            name: sys.modules.pop(name) for name in self._sources.keys() & sys.modules.keys()
        }
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self._finder)

    def _leave(self) -> None:
        sys.meta_path.remove(self._finder)
        self._modules = {
            name: sys.modules.pop(name) for name in self._sources.keys() & sys.modules.keys()
        }
        sys.modules.update(self._hidden)

    def spec(self, name: str) -> ModuleSpec | None:
        """How the import system makes a module of this space; None for any other."""
        module = self._sources.get(name)
        if module is None:
            return None
        loader = _Loader(module, str(self.folder / module.file), self._builtins)
        spec = importlib.util.spec_from_loader(name, loader, is_package=module.is_package)
        if spec is not None and module.is_package:
            spec.submodule_search_locations = []  # nothing is looked for on the disk
        return spec

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the names of __import__
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """``__import__`` as the space's own code sees it."""
        target = _absolute(name, globals, level)
        top = target.partition(".")[0]
        if top not in self._tops and not self._is_lent_to_another(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        ready = self._modules.get(target)  # filled when `active` ends: never half imported
        if ready is not None and all(hasattr(ready, item) for item in fromlist or ()):
            return ready if fromlist else self._modules[top]
        with self.active():
            return builtins.__import__(name, globals, locals, fromlist or (), level)

    def _is_lent_to_another(self, top: str) -> bool:
        """Whether a name that is not local here is local to the space that is active now."""
        return any(top in other._tops for other in tuple(_BORROWERS) if other is not self)  # noqa: SLF001


class _Finder(importlib.abc.MetaPathFinder):
    """Goes before the others while its space is active."""

    def __init__(self, space: CodeSpace) -> None:
        self._space = space

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module of the space."""
        del path, target
        return self._space.spec(fullname)


class _Loader(importlib.abc.ExecutionLoader):
    """Runs the source that the space holds; reads no file and writes no bytecode."""

    def __init__(self, module: Module, path: str, own_builtins: dict[str, object]) -> None:
        self.file = module.file
        self._module = module
        self._path = path
        self._builtins = own_builtins

    def get_filename(self, fullname: str) -> str:
        """What ``__file__`` says."""
        del fullname
        return self._path

    def get_source(self, fullname: str) -> str:
        """The module's text."""
        del fullname
        return importlib.util.decode_source(self._module.source)

    def get_code(self, fullname: str) -> CodeType:
        """The module's compiled source."""
        del fullname
        return self.source_to_code(self._module.source, self._path)

    def is_package(self, fullname: str) -> bool:
        """Whether it may have submodules."""
        del fullname
        return self._module.is_package

    def exec_module(self, module: ModuleType) -> None:
        """Run it with the space's own ``__import__``."""
        vars(module)["__builtins__"] = self._builtins
        super().exec_module(module)


def _absolute(name: str, scope: Mapping[str, object] | None, level: int) -> str:
    if not level:
        return name
    package = str((scope or {}).get("__package__") or "")
    parent = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*parent, *([name] if name else [])])


@contextmanager
def user_code(what: str) -> Iterator[None]:
    """Turn what the user's code raises into a :class:`UserCodeError` at the user's own line.

    Parameters
    ----------
    what : str
        What did not work, such as ``"features raised an error"``.

    Raises
    ------
    UserCodeError
        For anything but an error of Mooring's own.

    Examples
    --------
    >>> with user_code("predict raised an error"):
    ...     [].pop()
    Traceback (most recent call last):
    mooring.errors.UserCodeError: predict raised an error: IndexError: pop from empty list
      fix:   mend it there; mooring --debug shows the whole traceback
    """
    try:
        yield
    except MooringError:
        raise
    except (Exception, SystemExit) as error:
        raise UserCodeError(
            f"{what}: {type(error).__name__}: {_shortened(str(error))}",
            where=place_of(error),
            fix=_cure(error),
        ) from error


def place_of(error: BaseException) -> str:
    """The last line of a project's own code on the way to an error, such as ``a.py, line 3``."""
    place = ""
    for frame, line in walk_tb(error.__traceback__):
        loader = frame.f_globals.get("__loader__")
        if isinstance(loader, _Loader):
            place = f"{loader.file}, line {line}"
    return place


def _cure(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"install what provides {error.name.partition('.')[0]!r} in this environment"
    return "mend it there; mooring --debug shows the whole traceback"


def _shortened(text: str, limit: int = 500) -> str:
    return text if len(text) <= limit else f"{text[:limit]} …"
