"""What importing costs: heavy libraries wait until a command needs them."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

HEAVY = {
    *("jinja2", "joblib", "numpy", "pandas", "polars", "prometheus_client", "pyarrow", "rich"),
    *("scipy", "skops", "sklearn", "sqlalchemy", "starlette", "urllib3", "uvicorn"),
}


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a new interpreter holds after running some code."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in json.loads(ended.stdout.splitlines()[-1])}


@pytest.mark.parametrize("module", ["mooring", "mooring.errors", "mooring.settings", "mooring.cli"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert "mooring" in loaded
    assert not loaded & HEAVY


def test_a_heavy_import_would_be_seen() -> None:
    assert "numpy" in loaded_by("import numpy") & HEAVY


def test_the_version_is_that_of_the_installed_package() -> None:
    code = "import mooring; print(mooring.__version__)"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.strip() == version("mooring")
