"""``mooring drill``: inject what happens at 3am into copies of your rows; see that it is caught."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mooring.cli.common import as_json, settings_here
from mooring.cli.output import print_json, print_table, wrapped
from mooring.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mooring.drills.delivery import Delivery
    from mooring.drills.drills import Drill
    from mooring.drills.judges import Clean
    from mooring.drills.run import Exercise

_NOT_ENOUGH = 3


@click.command()
@click.option("--only", metavar="FD-03", multiple=True, help="This fault only; may be repeated.")
@click.option("--data", metavar="FILE", help="These rows instead of the project's.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Draws rows.")
@click.option(
    "--places", type=click.IntRange(1), default=2, show_default=True, help="Columns for each fault."
)
@as_json
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: click.Context,
    only: tuple[str, ...],
    data: str | None,
    seed: int,
    places: int,
    as_json: bool,
) -> None:
    """Inject faults into copies of your data; show which rule names each.

    The newest tenth of the rows is taken for a delivery, the rest for what was accepted. Each fault
    is put into a copy in memory; nothing of the project is written. The data gate is asked, and of
    features that are served late the comparison of mooring skew.

    Exit codes: 0 all caught, 1 something is missed, 3 the rows do not pass as they are.
    """
    from mooring.drills.delivery import deliver
    from mooring.drills.judges import judge_clean
    from mooring.drills.run import exercise
    from mooring.pipeline.contracting import contract_in_force
    from mooring.pipeline.splitting import recent_rows
    from mooring.reading.tables import read_table

    settings, drills = settings_here(context), _chosen(only)
    source, root = (data, Path.cwd()) if data else (settings.data.source, settings.root)
    frame = recent_rows(read_table(source, root, settings.data.types), settings.data)
    if settings.data.target not in frame.columns:
        raise DataError(
            f"no column {settings.data.target!r}, the target",
            where=source,
            fix="name a file with the columns of the project",
        )
    rows, rules = deliver(frame, settings.data), settings.gates.data
    terms = contract_in_force(settings)
    clean = judge_clean(rows, rules, terms)
    asked = exercise(rows, drills, rules, seed=seed, most=places, clean=clean, in_force=terms)
    done = tuple(asked)
    unasked = [d for d in drills if d not in {one.drill for one in done}]
    if as_json:
        print_json(_plain(clean, done, unasked))
    else:
        _print(rows, clean, done, unasked)
    if clean.judged.outcome != "pass":
        context.exit(_NOT_ENOUGH)
    context.exit(0 if all(one.caught for one in done) else 1)


def _chosen(only: Sequence[str]) -> tuple[Drill, ...]:
    from mooring.drills.drills import DRILLS

    known = {drill.id for drill in DRILLS}
    for name in only:
        if name.upper() not in known:
            raise UsageError(
                f"there is no fault {name!r}", fix=f"they are {', '.join(sorted(known))}"
            )
    wanted = {name.upper() for name in only} or known
    return tuple(drill for drill in DRILLS if drill.id in wanted)


def _print(
    rows: Delivery, clean: Clean, done: Sequence[Exercise], unasked: Sequence[Drill]
) -> None:
    click.echo(f"{rows.accepted.height:,} rows accepted, {rows.new.height:,} new; as they are:")
    stops = clean.judged.stops
    click.echo(f"  {clean.judged.outcome}")
    for finding in stops:
        click.echo(wrapped(str(finding), 2))
    print_table(("fault", "into", "caught by", "run"), [_row(one) for one in done])
    for one in done:
        if not one.caught:
            said = one.said or "nothing was found"
            click.echo(wrapped(f"MISSED {one.drill.id} {one.drill.name}, {one.place}: {said}", 0))
    if unasked:
        names = ", ".join(f"{drill.id} {drill.name}" for drill in unasked)
        click.echo(wrapped(f"nothing here to put these into: {names}", 0))
    caught = sum(one.caught for one in done)
    click.echo(f"{caught} of {len(done)} caught by the rule named for them")


def _row(one: Exercise) -> tuple[str, str, str, str]:
    from mooring.profiling.words import short

    if not one.drill.rules:
        by = "nothing, as it should" if one.caught else f"WRONG: {', '.join(one.by)}"
    else:
        by = ", ".join(one.by[:2]) if one.caught else "MISSED"
    name = f"{one.drill.id} {one.drill.name}"
    run = "stop" if one.stopped else "quarantine" if one.quarantined else "-"
    return name, short(one.place or "the table", 18), short(by, 16), run


def _plain(clean: Clean, done: Sequence[Exercise], unasked: Sequence[Drill]) -> dict[str, object]:
    return {
        "clean": clean.judged.outcome,
        "clean_stops": [str(finding) for finding in clean.judged.stops],
        "caught": sum(one.caught for one in done),
        "of": len(done),
        "faults": [
            {
                "id": one.drill.id,
                "fault": one.drill.name,
                "into": one.place,
                "named_by": sorted(one.drill.rules),
                "found_by": list(one.by),
                "judge": one.drill.judge.name,
                "caught": one.caught,
                "stopped": one.stopped,
                "quarantined": one.quarantined,
                "finding": one.said,
            }
            for one in done
        ],
        "nowhere": [f"{drill.id} {drill.name}" for drill in unasked],
    }
