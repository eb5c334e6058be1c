"""``mooring judge``: two model versions on the same rows, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from mooring.cli.common import as_json, project_here
from mooring.cli.output import print_json, print_table, wrapped
from mooring.cli.slices import print_worst_slices

if TYPE_CHECKING:
    from mooring.lineage.values import Evaluation, ModelVersion
    from mooring.pipeline.by_hand import Holdout
    from mooring.pipeline.candidate import Judged
    from mooring.pipeline.context import Context
    from mooring.pipeline.judging import Model

_EXIT = {"pass": 0, "fail": 1, "not_enough_evidence": 3}


@click.command()
@click.argument("candidate")
@click.argument("opponent")
@click.option(
    "--on",
    "source",
    metavar="ROWS",
    help="A file, a glob, or a dataset version (t1:…); else the labels of the prediction log.",
)
@as_json
@click.pass_context
def command(
    context: click.Context, candidate: str, opponent: str, source: str | None, as_json: bool
) -> int:
    """Say whether CANDIDATE is better than OPPONENT (v7, champion, challenger).

    By the rules of the model gate, on rows later than the training rows of both. It is counted as a
    use of these rows and opens no traffic. Ends with 0 when it passes, 1 when it fails, 3 when the
    rows cannot tell.
    """
    from mooring.lineage.deployments import find_version
    from mooring.pipeline.by_hand import judge_by_hand

    with project_here(context) as project:
        with project.catalog.read() as tx:
            first = find_version(tx, project.name, candidate)
            second = find_version(tx, project.name, opponent)
        versions = (first, second)
        holdout, models = _rows(project, versions, source)
        judged, evaluation = judge_by_hand(project, versions, holdout, models)
    if as_json:
        print_json(_answer(versions, holdout, judged, evaluation))
    else:
        _print(versions, holdout, judged)
    return _EXIT[judged.outcome]


def _rows(
    project: Context, versions: tuple[ModelVersion, ModelVersion], source: str | None
) -> tuple[Holdout, tuple[Model, Model] | None]:
    from mooring.bootstrap import open_log
    from mooring.monitoring.recent import recent_truth
    from mooring.pipeline.by_hand import holdout_of

    if source is not None:
        return holdout_of(project, source), None
    with open_log(project.settings) as log:
        return recent_truth(project, log, versions)


def _answer(
    versions: tuple[ModelVersion, ModelVersion],
    holdout: Holdout,
    judged: Judged,
    evaluation: Evaluation | None,
) -> Mapping[str, object]:
    return {
        "candidate": versions[0].id,
        "opponent": versions[1].id,
        "on": holdout.uri,
        "outcome": judged.outcome,
        "reasons": judged.reasons,
        "evidence": judged.evidence,
        "evaluation": None if evaluation is None else evaluation.id,
    }


def _print(versions: tuple[ModelVersion, ModelVersion], holdout: Holdout, judged: Judged) -> None:
    names = [f"v{version.version}" for version in versions]
    said = judged.outcome.replace("_", " ")
    click.secho(f"{names[0]} against {names[1]} on {holdout.uri}: {said}", bold=True)
    evidence = judged.evidence
    measured = [evidence.get(f"{side}_metrics") for side in ("candidate", "opponent")]
    if all(isinstance(found, Mapping) for found in measured):
        first, second = (dict(found) for found in measured if isinstance(found, Mapping))
        deciding = evidence.get("metric")
        rows = [
            (
                f"{name}{' (decides)' if name == deciding else ''}",
                _number(first[name]),
                _number(second.get(name)),
            )
            for name in sorted(first, key=lambda name: (name != deciding, name))
        ]
        print_table(("metric", *names), rows, right=".rr")
    print_worst_slices(evidence)
    for reason in judged.reasons:
        click.echo(wrapped(reason, indent=2))


def _number(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else "undefined"
