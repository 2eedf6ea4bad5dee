"""For whoever tests an arm: runs it in the test's process and gives it steps, as the orchestrator would."""

from arms.testing.clients import Called, call_arm

__all__ = ["Called", "call_arm"]
