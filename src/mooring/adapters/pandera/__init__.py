"""Schemas of Pandera as checks of a contract."""
