from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from mooring import cli
from mooring.cli.common import parse_shares
from mooring.errors import UsageError

_TABLE = """
import io, sys
import mooring.cli as cli
from mooring.cli import main
from mooring.cli.output import print_table

def table(*args, **kwargs):
    print_table(("a",), [("1 \\u2192 2",)] * ROWS)

cli.command.main = table
main([])
"""


def _run(rows: int, encoding: str, shell: str = "") -> subprocess.CompletedProcess[str]:
    code = _TABLE.replace("ROWS", str(rows))
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": "src"}
    command = [sys.executable, "-c", code]
    if shell:
        command = ["bash", "-o", "pipefail", "-c", f'"$0" "$@" | {shell}', *command]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_terminal_that_knows_no_arrow_gets_a_question_mark() -> None:
    told = _run(1, "ascii")
    assert (told.returncode, told.stderr) == (0, "")
    assert "1 ? 2" in told.stdout


def test_a_reader_that_leaves_early_is_no_failure() -> None:
    told = _run(10_000, "utf-8", "head -1")
    assert (told.returncode, told.stderr) == (0, "")


def test_a_full_disk_is_no_error_of_our_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/x")

    monkeypatch.setattr(cli.command, "main", full)
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "the machine refused: No space left on device" in said
    assert "where: /data/x" in said


@pytest.mark.parametrize("pair", ["v1=true", "v1=nan", "v1=1.5", "v1=-0.1", "v1", "v1=", "v1=abc"])
def test_a_share_that_is_no_share_is_a_usage_error(pair: str) -> None:
    with pytest.raises(UsageError, match="not a version and a share"):
        parse_shares((pair,))


def test_a_share_is_a_number_from_zero_to_one() -> None:
    assert parse_shares(("v7=0.4", "v8=1")) == {"v7": 0.4, "v8": 1.0}
