"""Where NannyML's published numbers are."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def published(shared_data: Path) -> Path:
    """The folder of published numbers beside the repository; the test is skipped without it."""
    folder = shared_data.parent / "parity"
    if not folder.is_dir():
        pytest.skip("the published numbers are not beside this repository (../shared/parity)")
    return folder
