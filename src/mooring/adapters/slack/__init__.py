"""Alerts to a Slack-compatible incoming webhook."""
