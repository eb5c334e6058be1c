"""The prediction log that needs no service: one SQLite file."""
