"""Guards and caches in milliseconds, without a model."""
