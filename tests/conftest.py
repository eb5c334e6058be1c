"""What every test can ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

Golden = Callable[[str, str], None]
"""Called with a file's name and the text that it must hold."""

# As the command line does: spinning OpenMP threads of two test workers starve each other.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A process of its own for each candidate would double the time of the suite; what it measures has
# tests that ask for it.
os.environ.setdefault("MOORING_GATES__MODEL__FRESH_PROCESS", "false")

settings.register_profile("fast", derandomize=True, max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile("fast")  # pytest --hypothesis-profile=thorough says otherwise


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--golden`` writes the golden files instead of comparing with them."""
    parser.addoption("--golden", action="store_true", help="write the golden files anew")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of larger data sets beside the repository; the test is skipped without it."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the larger data sets are not beside this repository (../shared/data)")
    return folder


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with ``golden/<name>`` beside the test; ``--golden`` writes that file.

    Examples
    --------
    ``golden("status.txt", output)``
    """
    folder = request.path.parent / "golden"

    def compare(name: str, text: str) -> None:
        file = folder / name
        if request.config.getoption("--golden"):
            folder.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        assert file.is_file(), f"{file} is missing; look at what `make golden` writes"
        assert text == file.read_text(encoding="utf-8"), "see the diff of `make golden`"

    return compare
