"""How pgvector writes a vector."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import orjson

Vector: TypeAlias = Sequence[float] | npt.NDArray[np.float32]
"""Numbers in single precision; arrays where there are many."""


def vector_literal(vector: Vector) -> str:
    """A vector as pgvector reads it, which is how JSON writes a list."""
    return orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY).decode()
