"""Arms: who is registered, and what each says of itself."""

from dataclasses import dataclass

from octollm.arms.v1 import arm_pb2
from octollm.orchestrator.v1 import arm_registry_pb2 as pb

from gateway.clients import ARMS
from gateway.convert.arms import arm, capabilities
from gateway.routes.paging import page_answer
from gateway.routing.answer import Answer, json_answer
from gateway.routing.call import Call
from gateway.schemas.base import Nothing
from gateway.schemas.paging import PageQuery
from servicekit.errors import NotFoundError


async def list_arms(call: Call[PageQuery, None]) -> Answer:
    """The registered arms, by arm_id."""
    found = await call.clients.registry.ListArms(
        pb.ListArmsRequest(page=call.query.page, page_size=call.query.page_size)
    )
    return page_answer([arm(it) for it in found.arms], query=call.query, total_items=found.total_items)


async def get_arm(call: Call[Nothing, None]) -> Answer:
    """One registered arm."""
    found = await call.clients.registry.GetArm(pb.GetArmRequest(arm_id=call.path["arm_id"]))
    return json_answer(arm(found.arm))


async def get_arm_capabilities(call: Call[Nothing, None]) -> Answer:
    """What the arm can do, with the schemas of its arguments and outputs."""
    return await _capabilities(call, arm_id=own_arm(call))


@dataclass(frozen=True, kw_only=True)
class CapabilitiesOf:
    """The capabilities of the one arm behind a port."""

    arm_id: str

    async def capabilities(self, call: Call[Nothing, None]) -> Answer:
        """What the arm can do, with the schemas of its arguments and outputs."""
        return await _capabilities(call, arm_id=self.arm_id)


def own_arm(call: Call[Nothing, None]) -> str:
    """The arm that the path names.

    Raises:
        NotFoundError: when it is none of those that have a port of their own.
    """
    arm_id = call.path["arm_id"]
    if arm_id not in ARMS:
        raise NotFoundError(
            f"there is no arm {arm_id} here", field="arm_id", constraint=f"one of {', '.join(ARMS)}"
        )
    return arm_id


async def _capabilities(call: Call[Nothing, None], *, arm_id: str) -> Answer:
    told = await call.clients.arms[arm_id].GetCapabilities(arm_pb2.GetCapabilitiesRequest())
    return json_answer(capabilities(told))
