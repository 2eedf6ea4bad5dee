"""All services in this process on a real PostgreSQL, the arms without a model, behind a real gateway."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

import arms.app
import gateway.app
import orchestrator.app
import reflex.app
from arms.settings import ArmsSettings
from gateway.routes.table import DOORS
from gateway.settings import GatewaySettings
from orchestrator.settings import OrchestratorSettings
from reflex.settings import ReflexSettings


@asynccontextmanager
async def rest_platform(*, database_url: str) -> AsyncGenerator[Mapping[str, str]]:
    """Run everything; gives the ports' base URLs by name: ``rest``, ``rest.coder`` and so on."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rp-", dir="/tmp"))
        common: dict[str, Any] = {"socket_dir": Path(folder), "grpc_ports": {}}
        with pytest.MonkeyPatch.context() as patch:  # some settings are read where they are needed
            patch.setenv("OCTOLLM_DATABASE_URL", database_url)
            patch.setenv("OCTOLLM_SOCKET_DIR", folder)
            patch.setenv("OCTOLLM_GRPC_PORTS", "{}")
            await stack.enter_async_context(reflex.app.build(ReflexSettings(**common)))
            await stack.enter_async_context(
                orchestrator.app.build(OrchestratorSettings(database_url=SecretStr(database_url), **common))
            )
            await stack.enter_async_context(arms.app.build(ArmsSettings(**common)))
            running = await stack.enter_async_context(
                gateway.app.build(GatewaySettings(ports=dict.fromkeys(DOORS, 0), **common))
            )
        await _started(running.endpoints["rest"])
        yield running.endpoints


async def _started(base: str) -> None:
    """Wait for documents and sandbox, which open by themselves; degraded is fine: there is no model."""
    async with httpx.AsyncClient(base_url=f"{base}/api/v1", trust_env=False) as api, asyncio.timeout(60):
        for arm in ("retriever", "executor"):
            while (await api.get(f"/arms/{arm}/health")).json()["status"] == "unavailable":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
