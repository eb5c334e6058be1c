"""Rules that are the user's own code: plain functions, and schemas of tools with an adapter.

A check that cannot be evaluated fails closed: it stops, whatever its severity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl

from mooring.errors import UserCodeError
from mooring.gates.terms.model import FILE
from mooring.gates.terms.rules import Rule
from mooring.lineage.answering import FrameKind, as_polars, like_frame
from mooring.lineage.blobs import digest_bytes
from mooring.lineage.codespace import CodeSpace, UserFunction, user_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mooring.gates.terms.model import Severity
    from mooring.gates.terms.rules import Caught

ADAPTERS = "mooring.checks"
"""The group of entry points: each is named for the package whose schemas it understands."""


class CheckAdapter(Protocol):
    """What makes another tool's schema a check; found by entry point."""

    def __call__(self, schema: object, frame: pl.DataFrame) -> pl.Series | bool:
        """A mask of the rows that break the schema; False when it is broken and no row is named.

        Raises
        ------
        MooringError
            When it cannot tell.
        """
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One check, loaded.

    Parameters
    ----------
    text : str
        As the contract names it: ``checks.py:schema``.
    catch : callable
        From a table to the rows that break it.
    files : mapping of str to bytes
        The source of its file and of what that can import, by path.
    """

    text: str
    catch: Callable[[pl.DataFrame], Caught]
    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Names the check's code."""
        lines = (f"{path} {digest_bytes(data)}" for path, data in sorted(self.files.items()))
        return digest_bytes("\n".join(lines).encode())


def load_checks(root: Path, texts: Mapping[str, Severity], frame: FrameKind) -> tuple[Check, ...]:
    """The checks that a contract names, imported from the project.

    Parameters
    ----------
    root : Path
        The project; no file outside of it is loaded.
    texts : mapping of str
        Each ``file.py:name``.
    frame : "polars" or "pandas"
        The kind of frame that plain functions receive.

    Raises
    ------
    UserCodeError
        When a file does not import, or has nothing of that name that can be used.
    """
    spaces: dict[str, CodeSpace] = {}
    found = []
    for text in texts:
        file, _, name = text.partition(":")
        if file not in spaces:
            _refuse_outside(root, file)
            spaces[file] = CodeSpace.load((root / file).parent, Path(file).name)
        catch = _catch(spaces[file].function(name), text, frame)
        found.append(Check(text, catch, spaces[file].files()))
    return tuple(found)


def check_rules(checks: tuple[Check, ...], severities: Mapping[str, Severity]) -> Iterator[Rule]:
    """Each check as a rule."""
    for check in checks:
        yield Rule(
            "check",
            ("",),
            severities[check.text],
            0.0,
            f"rows that pass {check.text}",
            f"mend the data, or the check if it is wrong ({check.text})",
            check.catch,
            check.text,
        )


def _refuse_outside(root: Path, file: str) -> None:
    path = (root / file).resolve()
    if not path.is_relative_to(root.resolve()):
        raise UserCodeError(f"{file} lies outside of the project", where=f"{FILE}, [checks]")


def _catch(
    found: UserFunction | None, text: str, frame: FrameKind
) -> Callable[[pl.DataFrame], Caught]:
    name = text.partition(":")[2]
    if found is None:
        raise UserCodeError(
            f"{text} names nothing that can check a table",
            where=f"{FILE}, [checks]",
            fix=f"write def {name}(frame): in that file, or give a schema of Pandera's that name",
        )
    adapter = _adapter(found)
    if adapter is not None:
        return partial(adapter, found)
    if isinstance(found, type):
        raise UserCodeError(
            f"{text} is a class that no installed adapter knows",
            where=f"{FILE}, [checks]",
            fix="pip install 'mooring[pandera]' for Pandera's models; or name a function",
        )
    return partial(_ask, found, text, frame)


def _adapter(found: object) -> CheckAdapter | None:
    """The adapter for the package that an object's class, or a class itself, comes from."""
    kind = found if isinstance(found, type) else type(found)
    packages = {base.__module__.partition(".")[0] for base in kind.__mro__}
    for entry in entry_points(group=ADAPTERS):
        if entry.name in packages:
            adapter: CheckAdapter = entry.load()
            return adapter
    return None


def _ask(
    function: Callable[[object], object],
    text: str,
    kind: FrameKind,
    frame: pl.DataFrame,
) -> Caught:
    """What a plain function says: True or False, or the rows that are bad; or it raises."""
    try:
        with user_code(f"{text} raised an error"):
            said = function(like_frame(frame, kind))
    except UserCodeError as error:
        if isinstance(error.__cause__, AssertionError):  # its way of saying no
            return False
        raise
    if type(said).__name__ in {"bool", "bool_"}:
        return bool(said)
    if isinstance(said, pl.DataFrame) or type(said).__name__ == "DataFrame":
        with user_code(f"{text} returned rows that are not the table's"):
            return _mask(said, frame)
    raise UserCodeError(
        f"{text} returned {type(said).__name__}, neither True or False nor the bad rows",
        fix="return True when all is well, or a data frame of the rows that are not",
    )


def _mask(said: object, frame: pl.DataFrame) -> Caught:
    """The rows of the table that were returned; by their index where pandas kept it."""
    places = getattr(said, "index", None)
    if places is not None and not isinstance(said, pl.DataFrame):
        rows = pl.Series(list(places), dtype=pl.Int64)
        return pl.int_range(frame.height, eager=True).is_in(rows.implode())
    bad = as_polars(said)
    if not bad.height:
        return True
    shared = [name for name in bad.columns if name in frame.columns]
    there = frame.with_row_index("mooring row").join(
        bad.select(shared).unique(), on=shared, how="semi", nulls_equal=True
    )
    if not there.height:
        return False  # rows that it made itself: something is wrong, and no row can be named
    places = there["mooring row"].implode()
    return pl.int_range(frame.height, dtype=pl.UInt32, eager=True).is_in(places)
