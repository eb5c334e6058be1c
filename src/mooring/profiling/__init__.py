"""What the data looks like: profiles that merge, drift scores, and what no drift produces.

``profile``, ``merge``, ``compare`` and the values they take and give can be had from here; nothing
is loaded before one of them is asked for.

>>> from mooring.profiling import profile
>>> base = profile({"x": range(1000)})
>>> profile({"x": range(500, 1000)}, baseline=base).compare(base).status
'drift'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mooring.profiling.comparing import compare
    from mooring.profiling.counting.making import profile
    from mooring.profiling.findings import ColumnDrift, Comparison, DriftRules
    from mooring.profiling.profiles import ColumnProfile, Profile, merge

__all__ = [
    "ColumnDrift",
    "ColumnProfile",
    "Comparison",
    "DriftRules",
    "Profile",
    "compare",
    "merge",
    "profile",
]

_HOME = {
    "ColumnDrift": "findings",
    "ColumnProfile": "profiles",
    "Comparison": "findings",
    "DriftRules": "findings",
    "Profile": "profiles",
    "compare": "comparing",
    "merge": "profiles",
    "profile": "counting.making",
}


def __getattr__(name: str) -> object:
    if name in _HOME:
        # all that a comparison needs, so that no later call waits for an import
        import_module("scipy.special")
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
