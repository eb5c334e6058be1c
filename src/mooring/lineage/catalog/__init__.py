"""The catalog: one small relational schema of appended facts, on SQLite or PostgreSQL."""
