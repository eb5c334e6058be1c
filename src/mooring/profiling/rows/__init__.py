"""Rows from wherever they are, part by part."""
