"""One run at a time in a project."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mooring.errors import RunBusy


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Holds a lock file while a run executes; the kernel drops it however the process ends.

    Raises
    ------
    RunBusy
        When another process holds it, with that process's id.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise RunBusy(
                "another run of this project is under way",
                where=f"process {holder} holds {path}",
                fix="wait for it to end; a lock does not outlive its process",
            ) from error
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
