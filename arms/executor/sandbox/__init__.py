"""Runs untrusted programs in namespaces, under a syscall filter and limits; there is no unsandboxed mode."""
