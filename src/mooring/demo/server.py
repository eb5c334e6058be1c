"""A real ``mooring serve`` process beside the demo, and the client that asks it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import urllib3

from mooring.errors import RunError

_STARTED = re.compile(r"serving \S+ on (\S+)")
_REVISION = re.compile(r"^mooring_split_revision (\S+)", re.MULTILINE)
_STOP_SECONDS = 20
_POLLS, _POLL_SECONDS = 200, 0.05


@dataclass(frozen=True, slots=True)
class Answered:
    """What the server answered to some rows, in their order."""

    prediction_ids: tuple[str, ...]
    predictions: tuple[float, ...]
    model_versions: tuple[str, ...]


class Client:
    """Asks the server for predictions as a caller would: JSON over HTTP.

    Parameters
    ----------
    url : str
        Where the server listens, on this machine.
    """

    def __init__(self, url: str) -> None:
        self._pool = urllib3.connection_from_url(url, retries=False, timeout=30.0)

    def predict(self, rows: pl.DataFrame, at: datetime) -> Answered:
        """Sends rows as records; ``at`` is the instant the replay pretends it is.

        Raises
        ------
        RunError
            When the server does not answer 200.
        """
        body = msgspec.json.encode({"dataframe_records": rows.to_dicts()})
        headers = {"Content-Type": "application/json", "X-Mooring-Time": at.isoformat()}
        answer = self._pool.request("POST", "/invocations", body=body, headers=headers)
        if answer.status != 200:  # noqa: PLR2004 - HTTP's number for OK
            raise RunError(f"the server answered {answer.status}", where=answer.data.decode())
        found: dict[str, Sequence[Any]] = msgspec.json.decode(answer.data)
        return Answered(
            tuple(found["prediction_ids"]),
            tuple(found["predictions"]),
            tuple(found["model_versions"]),
        )

    def wait_for(self, revision: int) -> None:
        """Waits until the server follows a revision of the traffic split.

        Raises
        ------
        RunError
            When it has not after ten seconds.
        """
        for _ in range(_POLLS):
            metrics = self._pool.request("GET", "/metrics").data.decode()
            found = _REVISION.search(metrics)
            if found is not None and float(found[1]) >= revision:
                return
            time.sleep(_POLL_SECONDS)
        raise RunError(f"the server does not follow revision {revision} of the traffic")


@contextmanager
def serving(project: Path) -> Iterator[Client]:
    """``mooring serve`` on a free port for as long as the block lasts.

    Raises
    ------
    RunError
        When the process ends instead of listening.
    """
    command = [sys.executable, "-m", "mooring", "-C", str(project), "serve"]
    with (project / "serve.log").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own arguments
            [*command, "--port", "0", "--accept-client-time"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield Client(_url(process, project))
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _url(process: subprocess.Popen[str], project: Path) -> str:
    line = process.stdout.readline() if process.stdout is not None else ""
    started = _STARTED.match(line)
    if started is None:
        raise RunError("mooring serve did not start", where=str(project / "serve.log"))
    return started[1]
