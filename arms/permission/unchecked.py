"""Arms whose calls nobody checks: for tests of what an arm does, never for one that serves."""

from arms.permission.verifier import Instance


def unchecked(instance: Instance) -> None:
    """No verifier."""
    del instance
