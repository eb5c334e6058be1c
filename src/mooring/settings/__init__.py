"""What a project declares: ``mooring.toml`` and the ``MOORING_`` variables, read strictly."""

from __future__ import annotations

from mooring.settings.model import Settings
from mooring.settings.read import find_project, load_settings

__all__ = ["Settings", "find_project", "load_settings"]
