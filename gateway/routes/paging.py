"""Pages as every list answers them."""

from collections.abc import Sequence
from typing import Any

from fastapi import Response

from gateway.routing.json_answer import json_answer
from gateway.schemas.paging import PageQuery


def page_answer(data: Sequence[Any], *, query: PageQuery, total_items: int) -> Response:
    """One page with the four fields of the pagination."""
    pagination = {
        "page": query.page,
        "page_size": query.page_size,
        "total_pages": -(-total_items // query.page_size),
        "total_items": total_items,
    }
    return json_answer({"data": data, "pagination": pagination})
