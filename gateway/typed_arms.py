"""The arms' typed services as the gateway calls them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from octollm.arms.v1.coder_pb2_grpc import CoderServiceStub
from octollm.arms.v1.executor_pb2_grpc import ExecutorServiceStub
from octollm.arms.v1.guardian_pb2_grpc import GuardianServiceStub
from octollm.arms.v1.judge_pb2_grpc import JudgeServiceStub
from octollm.arms.v1.planner_pb2_grpc import PlannerServiceStub
from octollm.arms.v1.retriever_pb2_grpc import RetrieverServiceStub

if TYPE_CHECKING:  # exist in the stubs' types only
    from octollm.arms.v1.coder_pb2_grpc import CoderServiceAsyncStub
    from octollm.arms.v1.executor_pb2_grpc import ExecutorServiceAsyncStub
    from octollm.arms.v1.guardian_pb2_grpc import GuardianServiceAsyncStub
    from octollm.arms.v1.judge_pb2_grpc import JudgeServiceAsyncStub
    from octollm.arms.v1.planner_pb2_grpc import PlannerServiceAsyncStub
    from octollm.arms.v1.retriever_pb2_grpc import RetrieverServiceAsyncStub


@dataclass(frozen=True, kw_only=True)
class TypedArms:
    """A stub for each arm's own service."""

    planner: "PlannerServiceAsyncStub"
    executor: "ExecutorServiceAsyncStub"
    retriever: "RetrieverServiceAsyncStub"
    coder: "CoderServiceAsyncStub"
    judge: "JudgeServiceAsyncStub"
    guardian: "GuardianServiceAsyncStub"


def typed_arms(channels: Mapping[str, grpc.aio.Channel]) -> TypedArms:
    """The stubs over the arms' channels, by name."""
    return TypedArms(
        planner=PlannerServiceStub(channels["planner"]),
        executor=ExecutorServiceStub(channels["executor"]),
        retriever=RetrieverServiceStub(channels["retriever"]),
        coder=CoderServiceStub(channels["coder"]),
        judge=JudgeServiceStub(channels["judge"]),
        guardian=GuardianServiceStub(channels["guardian"]),
    )
