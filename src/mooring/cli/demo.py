"""``mooring demo``: the whole loop on data that ships with the package."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from mooring.cli.output import console


@click.command()
@click.option(
    "--folder",
    default="mooring-demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to lay the project out.",
)
@click.option("--weeks", type=click.IntRange(1), help="Stop after so many weeks.")
@click.pass_context
def command(context: click.Context, folder: Path, weeks: int | None) -> None:
    """Live through two years of a real model in a minute.

    Hourly bike rides in Washington, DC, 2011-2012 (UCI, CC BY 4.0): a model is trained on two
    months, served over HTTP, watched, and retrained when the declared triggers say so.
    """
    from mooring.cli.lineage import command as lineage
    from mooring.demo.play import play

    out = console()
    play(folder.resolve(), out, weeks)
    out.print("\n[bold]What serves now, and what made it (mooring lineage)[/bold]")
    context.find_root().obj["project"] = str(folder)
    context.invoke(lineage)
    typed = "mooring" if shutil.which("mooring") else str(Path(sys.argv[0]).absolute())
    out.print("\n[bold]Next[/bold]")
    for command_line, why in (
        (f"cd {folder}", ""),
        (f"{typed} serve", ""),
        (f"{typed} lineage --at 2011-08-01", "what served on that day"),
        (f"{typed} init --data my.parquet --target y", "the same for your own data"),
    ):
        out.print(f"  {command_line}" + (f"    [dim]# {why}[/dim]" if why else ""), soft_wrap=True)
