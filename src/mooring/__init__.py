"""Keeps the models you have in production from drifting."""

from __future__ import annotations

__version__: str


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("mooring")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
