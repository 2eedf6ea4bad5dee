"""Outgoing HTTP behind one egress guard: named hosts at public addresses, nothing else."""
