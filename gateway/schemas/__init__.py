"""The REST shapes: what callers send and what they read, one module a resource."""
