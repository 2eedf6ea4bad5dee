"""Capability tokens: a signed permission for one instance of a service to carry out exactly one call."""
