"""StatusService: the board and the metrics over gRPC."""

from typing import Any

import grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc

from servicekit.metrics import Metrics
from servicekit.status_board import Health, StatusBoard
from servicekit.version import octollm_version

_STATES = {
    Health.HEALTHY: status_pb2.STATE_HEALTHY,
    Health.DEGRADED: status_pb2.STATE_DEGRADED,
    Health.UNAVAILABLE: status_pb2.STATE_UNAVAILABLE,
}


class StatusServicer(status_pb2_grpc.StatusServiceServicer):
    """Answers from the board."""

    def __init__(self, *, board: StatusBoard, metrics: Metrics) -> None:
        self._board = board
        self._metrics = metrics
        self._version = octollm_version()

    async def GetStatus(
        self, request: status_pb2.GetStatusRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> status_pb2.GetStatusResponse:
        """The service's state and that of every dependency."""
        del request, context
        response = status_pb2.GetStatusResponse(
            service=self._board.service,
            version=self._version,
            state=_STATES[self._board.health],
            draining=self._board.draining,
            dependencies=[
                status_pb2.Dependency(
                    name=dependency.name,
                    state=_STATES[dependency.health],
                    detail=dependency.detail,
                    required=dependency.required,
                )
                for dependency in self._board.dependencies
            ],
        )
        response.started_at.FromDatetime(self._board.started_at)
        return response

    async def GetMetrics(
        self, request: status_pb2.GetMetricsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> status_pb2.GetMetricsResponse:
        """One scrape."""
        del request, context
        return status_pb2.GetMetricsResponse(
            text=self._metrics.text(), content_type=self._metrics.content_type
        )
