"""The standard grpc.health.v1 service, kept equal to the status board."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from servicekit.status_board import StatusBoard

HEALTH_SERVICE: str = health.SERVICE_NAME
"""The full name, ``grpc.health.v1.Health``."""


class HealthMirror:
    """Answers Check and Watch for the server as a whole and for each of its services."""

    def __init__(self, *, board: StatusBoard, services: Sequence[str]) -> None:
        self._board = board
        self._services = ("", *services)
        self._changed = asyncio.Event()
        # The package carries no types.
        self._servicer = cast("Any", health).aio.HealthServicer()
        board.on_change(self._changed.set)

    def register(self, server: grpc.aio.Server) -> None:
        """Add the service to a server."""
        cast("Any", health_pb2_grpc).add_HealthServicer_to_server(self._servicer, server)

    async def write(self) -> None:
        """Say what the board says now."""
        states = cast("Any", health_pb2).HealthCheckResponse
        state = states.SERVING if self._board.serving else states.NOT_SERVING
        for service in self._services:
            await self._servicer.set(service, state)

    async def follow(self) -> None:
        """Write again after every change, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self.write()
