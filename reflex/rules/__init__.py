"""The rules of detection: data in one table a category, and the loader that turns them into rows."""

from reflex.rules.table import Rule, load_rules

__all__ = ["Rule", "load_rules"]
