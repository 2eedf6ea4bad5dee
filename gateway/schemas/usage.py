"""What a tenant used, by day."""

from datetime import date
from typing import Annotated

from pydantic import Field, WithJsonSchema

from gateway.schemas.base import QueryInteger, SentInQuery, Told

Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date", "example": "2026-11-23"})]
"""A day in UTC."""


class UsageQuery(SentInQuery):
    """Which days."""

    days: QueryInteger = Field(default=30, ge=1, le=366, description="How many days, today included.")


class DailyUsage(Told):
    """What was used on one day."""

    date: Day
    tasks: int = Field(ge=0, description="Tasks that used something on that day.")
    tokens: int = Field(ge=0, description="Model tokens.")
    cost_dollars: float = Field(ge=0, description="US dollars.")


class UsageReport(Told):
    """The days on which something was used, newest first."""

    data: list[DailyUsage]
