"""Usage: what the caller's tenant used."""

from typing import Annotated

from fastapi import Query, Request, Response
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.context import context_of
from gateway.convert.tasks import day
from gateway.routes import examples
from gateway.routes.routers import api_router
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import needs
from gateway.schemas.usage import UsageQuery, UsageReport

router = api_router(tag="usage")


@router.get(
    "/usage",
    operation_id="get_usage",
    summary="Read what the tenant used, by day",
    openapi_extra=needs("stats:read"),
    response_model=UsageReport,
    responses=told(200, "The days, newest first.", example=examples.USAGE),
)
async def get_usage(request: Request, query: Annotated[UsageQuery, Query()]) -> Response:
    """Tasks, tokens and cost of the caller's tenant by day in UTC; days without any are left out."""
    used = await context_of(request).clients.tasks.GetUsage(pb.GetUsageRequest(days=query.days))
    return json_answer({"data": [day(it) for it in used.days]})
