"""Where the other tools' published numbers are, and the data they are of."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def parity(shared_data: Path) -> Path:
    """The folder of published numbers beside the repository; the test is skipped without it."""
    folder = shared_data.parent / "parity"
    if not folder.is_dir():
        pytest.skip("the published numbers are not beside this repository (../shared/parity)")
    return folder
