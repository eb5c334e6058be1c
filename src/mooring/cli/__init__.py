"""The command line: one file a verb, loaded when it is typed."""

from __future__ import annotations

import io
import os
import sys

import click

from mooring.cli.group import VerbGroup
from mooring.cli.output import print_error
from mooring.errors import MachineError, MooringError


@click.group(
    cls=VerbGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Start with: mooring demo   or: mooring init --data my.parquet --target y",
)
@click.version_option(package_name="mooring", prog_name="mooring")
@click.option("-C", "--project", metavar="DIR", help="Work as if started in DIR.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def command(context: click.Context, project: str | None, debug: bool) -> None:
    """Keeps the models you have in production from drifting."""
    context.obj = {"project": project, "debug": debug}


def main(arguments: list[str] | None = None) -> None:
    """Runs a verb and ends the process: 0 pass, 1 fail, 2 usage, 3 not enough evidence."""
    given = sys.argv[1:] if arguments is None else arguments
    # Threads that wait by spinning starve each other as soon as another process wants a core: a
    # fit of 0.2 s was measured at 10 s on a busy machine. Read when OpenMP loads, hence here.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal or pipe that takes no such character gets a question mark, not an error.
        sys.stdout.reconfigure(errors="replace")
    try:
        result = _invoke(given)
        sys.exit(result if isinstance(result, int) else 0)
    except MooringError as error:
        if "--debug" in given:
            raise
        print_error(error)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader has gone (mooring lineage | head); nothing is left to say it to.
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if "--debug" in given:
            raise
        click.echo(f"mooring met an error of its own: {type(error).__name__}: {error}", err=True)
        click.echo("  fix:   please report it, with what --debug prints", err=True)
        sys.exit(70)


def _invoke(given: list[str]) -> object:
    """The verb's answer; what the machine would not do becomes an error with a cure."""
    try:
        return command.main(given, prog_name="mooring", standalone_mode=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise MachineError(
            f"the machine refused: {error.strerror or error}",
            where=str(error.filename or ""),
            fix="check the free space, and who may read and write there; --debug shows the place",
        ) from error
