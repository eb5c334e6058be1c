"""The compiled kernels, where there are some: without a compiler the package installs too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

kernels: ModuleType | None
try:
    from mooring.profiling.counting import _kernels

    kernels = _kernels
except ImportError:  # swallow: not compiled here; NumPy and Polars count the same, more slowly
    kernels = None
