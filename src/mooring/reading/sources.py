"""From what a project calls its data source to the files it means."""

from __future__ import annotations

import glob
import os
from difflib import get_close_matches
from pathlib import Path

from mooring.errors import UnreadableData

FORMATS: dict[str, str] = {
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".csv": "CSV",
    ".csv.gz": "CSV",
    ".tsv": "CSV",
    ".arrow": "Arrow",
    ".feather": "Arrow",
    ".ipc": "Arrow",
}
"""Suffixes that can be read, and the format each stands for."""


def resolve(source: str, root: Path) -> tuple[Path, ...]:
    """Find the files of a data source.

    Parameters
    ----------
    source : str
        A file, a glob (``**`` reaches into folders) or a folder, which is searched whole; names
        that start with ``.`` or ``_`` are passed over in a folder. A path that exists as written
        is never read as a glob.
    root : Path
        What a relative source is relative to: the project's folder.

    Returns
    -------
    tuple of Path
        Sorted; at least one; all of one format.

    Raises
    ------
    UnreadableData
        Nothing matches, a suffix is not supported, or formats are mixed.

    Examples
    --------
    >>> resolve("data/*.parquet", Path("."))  # doctest: +SKIP
    (PosixPath('data/2024.parquet'), PosixPath('data/2025.parquet'))
    """
    path = root / Path(source).expanduser()
    if path.is_file():
        found = [path]
    elif path.is_dir():
        found = [file for file in _walk(path) if format_of(file)]
    else:
        found = [file for match in _glob(path) for file in _expand(Path(match))]
    if not found:
        raise _nothing(source, path)
    files = tuple(sorted(set(found)))
    _check_formats(files)
    return files


def format_of(path: Path) -> str | None:
    """Give the format that the suffix of a file stands for, if it is one that can be read."""
    name = path.name.lower()
    matching = [kind for suffix, kind in FORMATS.items() if name.endswith(suffix)]
    return matching[0] if matching else None


def hive_base(source: str, root: Path) -> Path | None:
    """Give the folder below which ``key=value`` folders are columns; none for a single file."""
    path = root / Path(source).expanduser()
    if path.is_file():
        return None
    if path.is_dir():
        return path
    fixed = Path(path.anchor)
    for part in path.relative_to(path.anchor).parts:
        if glob.has_magic(part) or "=" in part:
            break
        fixed /= part
    return fixed


def _glob(path: Path) -> list[str]:
    return glob.glob(str(path), recursive=True) if glob.has_magic(str(path)) else []  # noqa: PTH207


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        return [file for file in _walk(path) if format_of(file)]
    return [path]


def _walk(folder: Path) -> list[Path]:
    files: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        files += [Path(place, name) for name in names if not name.startswith((".", "_"))]
    return files


def _nothing(source: str, path: Path) -> UnreadableData:
    kinds = "a table (" + ", ".join(FORMATS) + ")"
    if path.is_dir():
        return UnreadableData(
            f"the folder {source!r} has no file that is {kinds}",
            where=str(path),
            fix="point data.source at the folder or file that holds the rows",
        )
    folder = path.parent
    while not folder.is_dir():
        folder = folder.parent
    wanted = path.relative_to(folder).parts[0]
    near = get_close_matches(wanted, sorted(os.listdir(folder)), n=3, cutoff=0.5)  # noqa: PTH208
    known = f"did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
    return UnreadableData(
        f"no file or folder matches {source!r}",
        where=f"looked for {wanted!r} in {folder}",
        fix=known or "check the path; it is relative to the folder of mooring.toml",
    )


def _check_formats(files: tuple[Path, ...]) -> None:
    formats: dict[str, Path] = {}
    for file in files:
        kind = format_of(file)
        if kind is None:
            raise UnreadableData(
                f"{file.suffix or 'a file without a suffix'} is not a format that can be read",
                where=str(file),
                fix=f"use one of {', '.join(FORMATS)}",
            )
        formats.setdefault(kind, file)
    if len(formats) > 1:
        (one, first), (other, second), *_ = formats.items()
        raise UnreadableData(
            f"the source mixes formats: {one} and {other}",
            where=f"{first} and {second}",
            fix="keep one format per source; narrow it with a glob such as 'data/*.parquet'",
        )
