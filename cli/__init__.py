"""The `octollm` command: composition root and REST client."""
