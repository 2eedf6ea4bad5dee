"""How pgvector writes a vector."""

from collections.abc import Sequence


def vector_literal(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it, in single precision's digits."""
    return "[" + ",".join(f"{number:.7g}" for number in vector) + "]"
