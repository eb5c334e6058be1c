"""Killing a run at a named place: with strace at a system call, without it near a step."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

from tests.e2e.project import Project, Said

STEPS = ("extract", "validate", "features", "train", "evaluate", "judge", "register", "deploy")
COMMITS = ("start", *STEPS, "end")
"""What a run appends to the catalog, one transaction each."""

_CALLS = "pwrite64,fdatasync,fsync,rename"
_CALL = re.compile(r"(\w+)\((.*)")
_TRACER = ("strace", "-y", "-e", f"trace={_CALLS}")
"""Of the main thread alone, which is the one that writes; the others would only be slowed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is killed: before a commit's last page, after it, or between two writes."""

    when: Literal["before", "after", "inside"]
    what: str
    """A commit, or the beginning of what is written inside a step."""

    def __str__(self) -> str:
        return f"{self.when} {self.what}"


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that the run's main thread makes: its name, its number, what it is about."""

    name: str
    number: int
    about: str


@cache
def can_trace() -> bool:
    """Whether strace is here, and allowed to trace."""
    strace = shutil.which("strace")
    if strace is None:
        return False
    tried = subprocess.run(
        [strace, "-o", "/dev/null", "-e", "inject=exit_group:signal=KILL", "true"],
        capture_output=True,
        check=False,
    )
    return tried.returncode == -signal.SIGKILL


def calls_of_a_run(project: Project) -> tuple[Call, ...]:
    """The writes of a whole run, in order."""
    return calls_of(project, "run")


def calls_of(project: Project, *words: str) -> tuple[Call, ...]:
    """The writes of a command that ends well, in order."""
    trace = project.root / "trace.txt"
    said = project.child(*words, under=(*_TRACER, "-o", str(trace)))
    assert said.code == 0, said.err
    counts: Counter[str] = Counter()
    calls = []
    for line in trace.read_text(errors="replace").splitlines():
        if made := _CALL.match(line):
            counts[made[1]] += 1
            calls.append(Call(made[1], counts[made[1]], made[2]))
    return tuple(calls)


def find_call(calls: Sequence[Call], place: Place) -> Call:
    """The call at which a run is to die."""
    if place.when == "inside":
        name, _, about = place.what.partition(" ")
        return next(call for call in calls if call.name == name and about in call.about)
    before, after = commits_of(calls)[COMMITS.index(place.what)]
    return before if place.when == "before" else after


def commits_of(calls: Sequence[Call]) -> list[tuple[Call, Call]]:
    """The last write of each transaction of the catalog, and the call that makes it durable."""
    return [
        (wrote, synced)
        for wrote, synced in pairwise(call for call in calls if "catalog.db-wal" in call.about)
        if (wrote.name, synced.name) == ("pwrite64", "fdatasync") and ", 4096, " in wrote.about
    ]


def kill_at_call(project: Project, call: Call, *words: str) -> Said:
    """A command, a run when none is given, whose process is killed as it makes that call."""
    inject = f"inject={call.name}:signal=KILL:when={call.number}"
    return project.child(*(words or ("run",)), under=(*_TRACER, "-o", "/dev/null", "-e", inject))


def kill_near(project: Project, place: Place) -> Said:
    """A run that is killed once it says that it has come to a step."""
    line = place.what if place.what in STEPS else STEPS[0]
    if place.when == "after" and line != STEPS[-1]:
        line = STEPS[STEPS.index(line) + 1]
    with project.start("run") as process:
        assert process.stderr is not None
        for said in process.stderr:
            if said.split()[-1] == line:
                process.kill()
                break
        out, err = process.communicate()
    return Said(process.returncode, out, err)
