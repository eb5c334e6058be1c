"""Training a model version again from what its lineage names, away from the project's state."""
