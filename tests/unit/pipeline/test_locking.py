"""One run at a time."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mooring.errors import RunBusy
from mooring.pipeline.locking import only_one

_HOLDER = """
import sys, time
from pathlib import Path
from mooring.pipeline.locking import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".mooring" / "run.lock"


def test_fd_31_the_lock_dies_with_its_process(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunBusy) as busy, only_one(path):
            pass
        assert f"process {holder.pid} holds" in busy.value.where
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate()
    with only_one(path):
        pass


def test_a_second_run_in_the_same_process_is_refused(path: Path) -> None:
    with only_one(path), pytest.raises(RunBusy) as busy, only_one(path):
        pass
    assert f"process {os.getpid()} holds" in busy.value.where


def test_the_lock_is_given_back_whatever_happens(path: Path) -> None:
    with pytest.raises(KeyError), only_one(path):
        raise KeyError
    with only_one(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_sec_17_the_lock_is_its_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        with only_one(path):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
