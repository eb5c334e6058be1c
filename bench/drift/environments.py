"""One virtual environment per peer, so that no library's pins reach another or ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PEERS: Mapping[str, tuple[str, ...]] = {
    "evidently": ("evidently", "pandas<3", "pyarrow"),
    "nannyml": ("nannyml", "statsmodels", "pandas<3", "pyarrow"),
    "whylogs": ("whylogs[viz]", "pandas<3", "pyarrow"),
    "alibi-detect": ("alibi-detect", "pandas<3", "pyarrow<20"),
    "deepchecks": (
        "deepchecks",
        "setuptools<81",
        "scikit-learn<1.8",
        "numpy<2",
        "pandas<3",
        "pyarrow<20",
    ),
    "frouros": ("frouros", "pandas", "pyarrow"),
}
"""What to install for each. Left to itself, the newest of everything does not import: the pins
name what a library needs and does not declare, or can no longer live with."""
QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "WHYLOGS_NO_ANALYTICS": "True",
    "DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY": "True",
    "DISABLE_LATEST_VERSION_CHECK": "True",
}
"""Variables that keep the peers from calling home while they are timed."""
_TOLD = 4


def find_uv() -> str | None:
    """Where ``uv`` is: beside the running Python, or on the path."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def make(peer: str, folder: Path, base: str, say: Callable[[str], None]) -> Path | None:
    """The Python of a peer's environment, made when it is not there yet.

    Parameters
    ----------
    peer : str
        A name in ``PEERS``.
    folder : Path
        Where the environments are kept.
    base : str
        The Python to make it from.
    say : callable
        Receives one line when something is installed, or cannot be.

    Returns
    -------
    Path or None
        None when it could not be installed.
    """
    environment = folder / peer
    python, ready = environment / "bin" / "python", environment / "installed.txt"
    wanted = "\n".join((base, *PEERS[peer]))
    if ready.exists() and ready.read_text() == wanted:
        return python
    uv = find_uv()
    if uv is None:
        say(f"{peer}: skipped, there is no uv to make its environment with")
        return None
    say(f"{peer}: installing {' '.join(PEERS[peer])}")
    steps = (
        [uv, "venv", "--quiet", "--clear", "--python", base, str(environment)],
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)],
    )
    for step, packages in zip(steps, ((), PEERS[peer]), strict=True):
        failed = _run([*step, *packages])
        if failed:
            say(f"{peer}: skipped, it cannot be installed: {failed}")
            return None
    ready.write_text(wanted)
    return python


def _run(command: Sequence[str]) -> str:
    """The last words of a command that failed; nothing when it did not."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return " / ".join(lines[-_TOLD:]) or f"exit {done.returncode}"
