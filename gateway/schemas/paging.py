"""Pages: what list endpoints take and the four fields of `pagination`."""

from typing import Literal

from pydantic import Field

from gateway.schemas.base import QueryInteger, SentInQuery, Told

MAX_PAGE = 1_000_000_000
"""The last page that may be asked for, as in the protos."""


class PageQuery(SentInQuery):
    """Which page of a list."""

    page: QueryInteger = Field(default=1, ge=1, le=MAX_PAGE, description="Which page, from 1.")
    page_size: QueryInteger = Field(default=50, ge=1, le=100, description="Items a page.")


class Pagination(Told):
    """Where a page stands in its list."""

    page: int = Field(ge=1, le=MAX_PAGE)
    page_size: int = Field(ge=1, le=100)
    total_pages: int = Field(ge=0)
    total_items: int = Field(ge=0)


SortOrder = Literal["asc", "desc"]
