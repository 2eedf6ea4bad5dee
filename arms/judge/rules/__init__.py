"""Deterministic checks: criteria whose words a rule understands are decided by counting, never by a model.

`decide.decide(criterion, output)` is the door.
"""
