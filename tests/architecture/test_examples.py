"""The examples in docstrings give what they say; ``np``, ``pl`` and ``Path`` are known there."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.architecture.source import Source, package

WITH_EXAMPLES = [source for source in package() if ">>>" in source.text]


@pytest.mark.parametrize("source", WITH_EXAMPLES, ids=lambda source: source.path)
def test_examples_hold(source: Source) -> None:
    name = "mooring." + source.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    module = importlib.import_module(name)
    known = {"np": np, "pl": pl, "Path": Path}
    outcome = doctest.testmod(module, extraglobs=known, optionflags=doctest.ELLIPSIS)
    assert not outcome.failed
