"""The only reader of ``mooring.toml`` and of the environment's ``MOORING_`` variables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mooring.errors import NoProject, SettingsError
from mooring.settings.meaning import check_meaning
from mooring.settings.model import ProjectFile, Settings
from mooring.settings.place import FILE, Declared
from mooring.settings.shape import Key, hint_at, leaves
from mooring.settings.strict import convert, read_text, refuse_unknown_keys, toml_values

_PREFIX = "MOORING_"
_NEEDED = dict.fromkeys(
    ("project", "data"),
    'the file needs [project] name = "…" and [data] source, target and task',
)


def find_project(start: Path) -> Path:
    """The nearest folder, from ``start`` upwards, that holds a ``mooring.toml``.

    Raises
    ------
    NoProject
        When there is none up to the root of the file system.
    """
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise NoProject(
        f"no {FILE} in this folder or above it",
        where=str(start),
        fix="cd to your project, or start one: mooring init --data my.parquet --target y",
    )


def load_settings(root: Path, environment: Mapping[str, str]) -> Settings:
    """Reads a project's declarations and refuses whatever it does not understand.

    Parameters
    ----------
    root : Path
        The folder that holds ``mooring.toml``.
    environment : Mapping[str, str]
        ``MOORING_<TABLE>__<KEY>`` overrides that key; values are read as TOML where that
        fits the key, and as text where it does not.

    Raises
    ------
    SettingsError
        Naming the file, the line and the nearest valid key.

    Examples
    --------
    >>> load_settings(Path("bike_demand"), {"MOORING_SERVING__PORT": "9000"})  # doctest: +SKIP
    """
    declared = _declared(root / FILE, environment)
    refuse_unknown_keys(declared, ProjectFile)
    file = convert(declared, ProjectFile, _NEEDED)
    check_meaning(file, declared)
    return Settings(**{name: getattr(file, name) for name in file.__struct_fields__}, root=root)


def _declared(path: Path, environment: Mapping[str, str]) -> Declared:
    """The file's keys with the variables' values over them."""
    try:
        text = read_text(path)
    except FileNotFoundError as error:
        raise NoProject(f"no {FILE} here", where=str(path.parent), fix="mooring init") from error
    values = toml_values(text, FILE, str(path))
    variables: dict[Key, str] = {}
    for variable in sorted(environment):
        key = _key_of(variable)
        if key[:1] == ("permissions",):
            raise SettingsError(
                f"{variable} would change who may do what",
                where="the environment",
                fix=f"permissions stand only in {FILE}, where a reviewer sees them: unset it",
            )
        if key:
            _put(values, key, variable, environment[variable])
            variables[key] = variable
    return Declared(text, values, variables)


def _key_of(variable: str) -> tuple[str, ...]:
    """The key that ``MOORING_TABLE__KEY`` overrides; nothing for a variable of another use."""
    if not variable.startswith(_PREFIX):
        return ()
    name = variable.removeprefix(_PREFIX).lower()
    if "__" in name:
        return tuple(name.split("__"))
    meant = [leaf for leaf in leaves() if "_".join(map(str, leaf)) == name and len(leaf) > 1]
    if meant:
        right = _PREFIX + "__".join(map(str, meant[0])).upper()
        raise SettingsError(
            f"{variable} overrides nothing",
            where="the environment",
            fix=f"two underscores stand between a table and its key: {right}",
        )
    return ()


def _put(values: dict[str, object], key: tuple[str, ...], variable: str, text: str) -> None:
    *tables, last = key
    place: object = values
    for table in tables:
        if not isinstance(place, dict):
            break
        place = place.setdefault(table, {})
    if not isinstance(place, dict) or not all(key):
        raise SettingsError(
            f"{variable} does not name a key",
            where="the environment",
            fix="write MOORING_<TABLE>__<KEY>; an array of tables can only stand in the file",
        )
    place[last] = _value(text, hint_at(key))


def _value(text: str, hint: object) -> object:
    """A variable as TOML, unless the key wants the text: a name such as 2026, a path."""
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return text if hint is not None and not _fits(value, hint) and _fits(text, hint) else value


def _fits(value: object, hint: object) -> bool:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return True
