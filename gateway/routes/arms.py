"""Arms: who is registered, and what each says of itself."""

from typing import Annotated

from fastapi import Query, Request, Response
from octollm.arms.v1 import arm_pb2
from octollm.orchestrator.v1 import arm_registry_pb2 as pb

from gateway.context import context_of, door_of
from gateway.convert.arms import arm, capabilities
from gateway.routes import examples
from gateway.routes.failures import failures
from gateway.routes.paging import page_answer
from gateway.routes.parameters import ArmInPath
from gateway.routes.routers import api_router
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import needs
from gateway.schemas.arms import Arm, ArmCapabilities, ArmPage
from gateway.schemas.paging import PageQuery

router = api_router(tag="arms")
own_port = api_router(tag="arm")
"""What an arm's own port serves beside what every port does."""

_CAPABILITIES = told(200, "The capabilities.", example=examples.CAPABILITIES)


@router.get(
    "/arms",
    operation_id="list_arms",
    summary="List the registered arms",
    openapi_extra=needs("arm:list"),
    response_model=ArmPage,
    responses=told(200, "One page.", example=examples.ARM_PAGE),
)
async def list_arms(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """The registered arms, by arm_id."""
    found = await context_of(request).clients.registry.ListArms(
        pb.ListArmsRequest(page=query.page, page_size=query.page_size)
    )
    return page_answer([arm(it) for it in found.arms], query=query, total_items=found.total_items)


@router.get(
    "/arms/{arm_id}",
    operation_id="get_arm",
    summary="Read a registered arm",
    openapi_extra=needs("arm:list"),
    response_model=Arm,
    responses=told(200, "The arm.", example=examples.ARM) | failures(404),
)
async def get_arm(request: Request, arm_id: ArmInPath) -> Response:
    """One registered arm."""
    found = await context_of(request).clients.registry.GetArm(pb.GetArmRequest(arm_id=arm_id))
    return json_answer(arm(found.arm))


@router.get(
    "/arms/{arm_id}/capabilities",
    operation_id="get_arm_capabilities",
    summary="Read what an arm can do",
    openapi_extra=needs("arm:list"),
    response_model=ArmCapabilities,
    responses=_CAPABILITIES | failures(404),
)
async def get_arm_capabilities(request: Request, arm_id: ArmInPath) -> Response:
    """What the arm can do, with the schemas of its arguments and outputs."""
    return await _capabilities(request, arm_id=arm_id)


@own_port.get(
    "/capabilities",
    operation_id="get_capabilities",
    summary="Read what this arm can do",
    openapi_extra=needs("arm:list"),
    response_model=ArmCapabilities,
    responses=_CAPABILITIES,
)
async def get_capabilities(request: Request) -> Response:
    """What the arm can do, with the schemas of its arguments and outputs."""
    return await _capabilities(request, arm_id=door_of(request))


async def _capabilities(request: Request, *, arm_id: str) -> Response:
    service = await context_of(request).directory.service(arm_id)
    return json_answer(capabilities(await service.GetCapabilities(arm_pb2.GetCapabilitiesRequest())))
