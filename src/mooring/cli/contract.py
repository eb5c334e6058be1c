"""``mooring contract``: what the data must meet, written down, compared and enforced by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mooring.cli.common import as_json, project_here, settings_here
from mooring.cli.output import print_json, wrapped
from mooring.errors import DataError, UsageError, UserCodeError

if TYPE_CHECKING:
    import polars as pl

    from mooring.gates.data.finding import Finding
    from mooring.gates.terms.judging import Held
    from mooring.gates.terms.reading import Written
    from mooring.settings import Settings

_COLOURS = {"stop": "red", "quarantine": "yellow", "warn": "yellow"}
_OUTCOMES = {"pass": 0, "fail": 1, "not_enough_evidence": 3}


@click.group(short_help="Write, compare and check contract.toml.")
def command() -> None:
    """What the data must meet: contract.toml, beside mooring.toml and reviewed in Git.

    The same contract guards training (mooring run), requests (mooring serve, by the version that
    answers) and labels (mooring label).
    """


@command.command(short_help="Write contract.toml from the project's data.")
@click.option("--force", is_flag=True, help="Write it anew; what you had chosen stays.")
@click.pass_context
def infer(context: click.Context, force: bool) -> None:
    """Write contract.toml from the project's data, for you to review.

    Relations, checks, datasets, severities and tolerances of an older one stay with --force; its
    comments do not.
    """
    from mooring.clock import system_clock
    from mooring.gates.terms.model import FILE
    from mooring.pipeline.contracting import propose_contract

    settings = settings_here(context)
    path = settings.root / FILE
    if path.exists() and not force:
        raise UsageError(
            f"{FILE} exists",
            where=str(path),
            fix="mooring contract diff says what the data would change; --force writes it anew",
        )
    proposal = propose_contract(settings, system_clock())
    accepted = _is_accepted(context, proposal.dataset)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(proposal.written.text, encoding="utf-8", newline="\n")
    draft.replace(path)  # whole or not at all
    click.echo(
        f"wrote {path}: {len(proposal.written.terms.columns)} columns, from {proposal.rows:,} rows "
        f"of {proposal.dataset[:19]}"
    )
    if not accepted:
        click.echo("  the data gate has not accepted these rows in a run: look twice")
    click.echo("next: read it, then: mooring contract check")


@command.command(short_help="Say in words what differs.")
@click.argument("version", required=False)
@click.option("--git", "revision", metavar="REV", help="Compare with that of a Git revision.")
@as_json
@click.pass_context
def diff(context: click.Context, version: str | None, revision: str | None, as_json: bool) -> None:
    """Say in words what differs.

    Without VERSION: contract.toml, and what the data of now would say. With one (v7, 7), or with
    --git: that contract, and contract.toml as it is now.

    Exit codes: 0 nothing differs, 1 something does, 2 usage.
    """
    from mooring.gates.terms.differing import differences

    settings = settings_here(context)
    if version is not None and revision is not None:
        raise UsageError("a version and a revision at once", fix="name one of them")
    before, after = _sides(context, settings, version, revision)
    found = differences(before.terms, after.terms)
    if as_json:
        print_json({"outcome": "fail" if found else "pass", "differences": list(found)})
    else:
        if found:
            click.echo(_heading(version, revision))
        for line in found:
            click.echo(wrapped(line, indent=2))
        if not found:
            click.echo("nothing differs")
    context.exit(1 if found else 0)


@command.command(short_help="Hold a table against contract.toml.")
@click.argument("file", required=False)
@as_json
@click.pass_context
def check(context: click.Context, file: str | None, as_json: bool) -> None:
    """Hold a table against contract.toml; the project's data when no FILE is named.

    Nothing is recorded and nothing is compared with what a run accepted last.

    Exit codes: 0 pass, 1 a rule that stops is broken, 2 usage, 3 there are no rows.
    """
    from mooring.clock import system_clock
    from mooring.pipeline.contracting import hold_rows, in_force

    settings = settings_here(context)
    written = _written(settings)
    try:
        frame = _table(settings, file, context)
        contract = in_force(settings, written)
    except (
        DataError,
        UserCodeError,
    ) as error:  # for the one who named it: 1 says that a rule is broken
        raise UsageError(error.what, where=error.where, fix=error.fix) from error
    held = hold_rows(settings, contract, frame, system_clock())
    outcome = held.outcome if frame.height else "not_enough_evidence"
    if as_json:
        print_json(_plain(held, outcome, frame.height))
    else:
        _print(held, outcome, frame.height)
    context.exit(_OUTCOMES[outcome])


def _is_accepted(context: click.Context, dataset: str) -> bool:
    """Whether the rows of that digest are those that the data gate passed last."""
    from mooring.lineage.catalog import queries

    with project_here(context) as project, project.catalog.read() as tx:
        passed = queries.last_data_pass(tx, project.name)
        used = [] if passed is None or passed.run is None else queries.run_datasets(tx, passed.run)
    return any(one.dataset == dataset for one in used)


def _sides(
    context: click.Context, settings: Settings, version: str | None, revision: str | None
) -> tuple[Written, Written]:
    """The two contracts, the older one first."""
    from mooring.clock import system_clock
    from mooring.pipeline.contracting import contract_at, propose_contract

    now = _written(settings)
    if revision is not None:
        return contract_at(settings, revision), now
    if version is not None:
        return _of_version(context, version), now
    return now, propose_contract(settings, system_clock()).written


def _heading(version: str | None, revision: str | None) -> str:
    """Which contract was, and which is."""
    if version is None and revision is None:
        return "was: contract.toml; is: what the data of now would say"
    return f"was: contract.toml of {version or revision}; is: contract.toml"


def _of_version(context: click.Context, version: str) -> Written:
    from mooring.gates.terms.model import FILE
    from mooring.gates.terms.reading import parse_terms
    from mooring.lineage.deployments import find_version

    with project_here(context) as project:
        with project.catalog.read() as tx:
            found = find_version(tx, project.name, version)
        written = project.store.read(found.artifact).parts.get(FILE)
    if written is None:
        raise UsageError(
            f"{found.id} was made without a {FILE}", fix="compare with a later one, or with --git"
        )
    return parse_terms(written.decode(), f"{FILE} of {found.id}")


def _written(settings: Settings) -> Written:
    from mooring.gates.terms.model import FILE
    from mooring.gates.terms.reading import load_terms

    written = load_terms(settings.root)
    if written is None:
        raise UsageError(
            f"there is no {FILE}", where=str(settings.root), fix="mooring contract infer"
        )
    return written


def _table(settings: Settings, file: str | None, context: click.Context) -> pl.DataFrame:
    """The rows to look at: a file named from where the command was started, or the source."""
    from mooring.pipeline.splitting import recent_rows
    from mooring.reading.tables import read_table

    data = settings.data
    if file is None:
        return recent_rows(read_table(data.source, settings.root, data.types), data)
    started = (context.find_root().obj or {}).get("project")
    return read_table(file, Path(started or ".").resolve(), data.types)


def _print(held: Held, outcome: str, rows: int) -> None:
    for finding in held.findings:
        text = wrapped(f"{finding.severity}: {finding}", indent=0)
        word, rest = text[: len(finding.severity)], text[len(finding.severity) :]
        click.echo(click.style(word, fg=_COLOURS[finding.severity]) + rest)
        if finding.cure:
            click.echo(wrapped(finding.cure, indent=4))
    taken = 0 if held.taken is None else held.taken.height
    apart = f", {taken:,} of them quarantined" if taken else ""
    click.echo(f"{outcome.replace('_', ' ')}: {rows:,} rows{apart}")


def _plain(held: Held, outcome: str, rows: int) -> dict[str, object]:
    return {
        "outcome": outcome,
        "rows": rows,
        "quarantined": 0 if held.taken is None else held.taken.height,
        "findings": [_plain_finding(finding) for finding in held.findings],
    }


def _plain_finding(finding: Finding) -> dict[str, object]:
    return {
        "column": finding.column,
        "rule": finding.rule,
        "severity": finding.severity,
        "expected": finding.expected,
        "found": finding.found,
        "rows": finding.rows,
        "examples": list(finding.examples),
        "cure": finding.cure,
    }
