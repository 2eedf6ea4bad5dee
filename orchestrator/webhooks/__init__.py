"""Webhooks: whoever asked for it is called when a task ends, signed, at least once."""
