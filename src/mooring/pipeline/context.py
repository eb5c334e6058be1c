"""What a run needs of the world: settings, the catalog, the stores, the clock, ids and a name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mooring.clock import Clock
from mooring.ids import IdSource
from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.blobs import BlobStore
from mooring.lineage.catalog.engine import Catalog
from mooring.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """One project, wired."""

    settings: Settings
    catalog: Catalog
    store: ArtifactStore
    blobs: BlobStore
    clock: Clock
    ids: IdSource
    by: str

    @property
    def name(self) -> str:
        """The project's name, which its model and its deployment carry too."""
        return self.settings.project.name

    def run_folder(self, run: str) -> Path:
        """Where a run keeps what only its own resumption needs."""
        return self.settings.state / "runs" / run
