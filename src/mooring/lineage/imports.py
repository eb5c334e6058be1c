"""Which files of a project its entry module can import: a static walk over import statements."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mooring.errors import UserCodeError


@dataclass(frozen=True, slots=True)
class Module:
    """A local module: its dotted name, its file (relative, with ``/``) and its source."""

    name: str
    file: str
    source: bytes

    @property
    def is_package(self) -> bool:
        """Whether it may have submodules."""
        return self.file.endswith("__init__.py")


def name_of(file: str) -> str:
    """The dotted name of the module that a file holds.

    Examples
    --------
    >>> name_of("cleaning/dates.py"), name_of("cleaning/__init__.py")
    ('cleaning.dates', 'cleaning')
    """
    parts = PurePosixPath(file).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(files: Mapping[str, bytes]) -> dict[str, Module]:
    """The modules that a set of files makes, by name; a folder without ``__init__.py`` is one too.

    Parameters
    ----------
    files : mapping of str to bytes
        Source by relative path.

    Examples
    --------
    >>> sorted(modules_of({"pipeline.py": b"", "cleaning/dates.py": b""}))
    ['cleaning', 'cleaning.dates', 'pipeline']
    """
    found: dict[str, Module] = {}
    for file in files:
        for folder in PurePosixPath(file).parents:
            if folder.name:
                package = f"{folder}/__init__.py"
                found.setdefault(name_of(package), Module(name_of(package), package, b""))
    for file, source in files.items():
        found[name_of(file)] = Module(name_of(file), file, source)
    return found


def local_files(folder: Path, entry: str) -> dict[str, bytes]:
    """The entry module and every local module it can import, however deep.

    ``import a.b``, ``from a import b``, ``from . import c`` and ``from a import *`` are followed,
    inside functions too. Names that are computed (``importlib.import_module(x)``) are not.

    Parameters
    ----------
    folder : Path
        Where local modules are; only files below it count.
    entry : str
        The entry module's file in that folder.

    Returns
    -------
    dict of str to bytes
        Source by relative path with ``/``, sorted.

    Raises
    ------
    UserCodeError
        When the entry is missing, a module does not parse, or a file leads out of the folder.

    Examples
    --------
    ``local_files(Path("."), "pipeline.py")``
    """
    base = folder.resolve()
    first = _read(base, entry)
    if first is None:
        raise UserCodeError(
            f"there is no {entry}",
            where=str(folder),
            fix="write it, or name your file in mooring.toml: [pipeline] code",
        )
    found = {entry: first}
    waiting = [Module(name_of(entry), entry, first)]
    while waiting:
        for name in _imported_names(waiting.pop(), base):
            module = _find(base, name)
            if module is not None and module.file not in found:
                found[module.file] = module.source
                waiting.append(module)
    return dict(sorted(found.items()))


def parse(file: str, source: bytes) -> ast.Module:
    """The syntax tree of a file.

    Raises
    ------
    UserCodeError
        With the file and line where it does not parse.
    """
    try:
        return ast.parse(source, file)
    except SyntaxError as error:
        raise UserCodeError(
            f"{type(error).__name__}: {error.msg}",
            where=f"{file}, line {error.lineno}",
            fix=f"python -m py_compile {file} shows the place",
        ) from error
    except ValueError as error:  # NUL bytes, before Python 3.12
        raise UserCodeError(str(error), where=file, fix="save the file as UTF-8 text") from error


def _imported_names(module: Module, base: Path) -> Iterator[str]:
    """Every dotted name that may be a module: with ``from a import b`` both ``a`` and ``a.b``."""
    for node in ast.walk(parse(module.file, module.source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            if origin:
                yield from _with_parents(origin)
            for alias in node.names:
                if alias.name == "*":
                    yield from _submodules(base, origin)
                else:
                    yield f"{origin}.{alias.name}" if origin else alias.name


def _origin(module: Module, node: ast.ImportFrom) -> str:
    """The absolute name that a ``from`` starts at; nothing when it climbs above the folder."""
    if not node.level:
        return node.module or ""
    package = module.name.split(".")
    climbed = package[: len(package) - node.level + module.is_package]
    return ".".join([*climbed, *([node.module] if node.module else [])])


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


def _submodules(base: Path, package: str) -> Iterator[str]:
    """Direct submodules: ``__all__`` may name any of them."""
    folder = base.joinpath(*package.split("."))
    if package and folder.is_dir():
        yield from (f"{package}.{file.stem}" for file in sorted(folder.glob("*.py")))


def _find(base: Path, name: str) -> Module | None:
    """The local module of that name; a package before a file, as Python has it."""
    path = name.replace(".", "/")
    if "__pycache__" in path or name.partition(".")[0] in sys.builtin_module_names:
        return None
    for file in (f"{path}/__init__.py", f"{path}.py"):
        source = _read(base, file)
        if source is not None and not _is_shadowed(base, name):
            return Module(name, file, source)
    return None


def _is_shadowed(base: Path, name: str) -> bool:
    """Whether an installed package goes before a local folder that has no ``__init__.py``."""
    top = name.partition(".")[0]
    if (base / f"{top}.py").is_file() or (base / top / "__init__.py").is_file():
        return False
    return importlib.util.find_spec(top) is not None


def _read(base: Path, file: str) -> bytes | None:
    path = base / file
    if not path.is_file():
        return None
    if not path.resolve().is_relative_to(base):
        raise UserCodeError(
            f"{file} is a link that leads out of the project",
            where=str(path.resolve()),
            fix="copy the file into the project, or install it as a package",
        )
    return path.read_bytes()
