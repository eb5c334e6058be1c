"""What verbs print: tables that fit 80 columns, JSON, errors with their cure."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from mooring.errors import MooringError

if TYPE_CHECKING:
    from rich.console import Console


def print_error(error: MooringError) -> None:
    """What is wrong, where, and what to type next, on standard error."""
    what, *rest = str(error).splitlines()
    click.secho(f"error: {what}", fg="red", err=True)
    for line in rest:
        click.echo(line, err=True)


def print_json(answer: object) -> None:
    """One JSON document on standard output."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def console(*, error: bool = False) -> Console:
    """A Rich console; 80 columns wide where nobody says how wide it is."""
    from rich.console import Console

    class Plain(Console):
        """Ends without a failure when the reader has gone (mooring lineage | head)."""

        def on_broken_pipe(self) -> None:
            try:
                super().on_broken_pipe()  # which ends with 1
            finally:
                sys.exit(0)

    told = os.environ.get("COLUMNS")
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() or told else 80
    return Plain(stderr=error, width=width, highlight=False, soft_wrap=False)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "", right: str = ""
) -> None:
    """A plain table; the columns named in ``right`` (by first letter position) align right.

    Parameters
    ----------
    right : str
        One character a column: ``r`` aligns it right, anything else left.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if right[place : place + 1] == "r" else "left")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def wrapped(text: str, indent: int) -> str:
    """A text in lines of at most 80 columns, the further ones two columns deeper."""
    first, rest = " " * indent, " " * (indent + 2)
    return textwrap.fill(text, 80, initial_indent=first, subsequent_indent=rest)
