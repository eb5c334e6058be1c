"""``mooring demo``: the whole loop on data that ships with the package."""

from __future__ import annotations

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
    out.print(f"\n[bold]Next[/bold]  cd {folder} && mooring serve")
    out.print("      mooring lineage --at 2011-08-01     what served on that day")
    out.print("      mooring init --data my.parquet --target y     the same for your own data")
