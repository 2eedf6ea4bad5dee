"""Answers in JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response


def json_answer(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose body is `content` as JSON, written as it is: `gateway.convert` made it."""
    return Response(orjson.dumps(content), status_code=status, headers=headers, media_type="application/json")
