"""The steps that bring the `identity` schema up to date."""

from collections.abc import Sequence
from importlib.resources import files

from servicekit.migrate import Migration, read_migrations

SCHEMA = "identity"
"""Where API keys and audit records live."""


def identity_migrations() -> Sequence[Migration]:
    """Every step this program knows."""
    return read_migrations(files("orchestrator.identity") / "migrations")
