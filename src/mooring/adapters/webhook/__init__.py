"""Alerts to any receiver of JSON, signed."""
