"""An MCP server as an arm, put together."""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from arms.declaration import OURS, check_arm
from arms.host import HostedArm
from arms.mcp_tools.arm import McpArm
from arms.mcp_tools.command import ServerCommand
from arms.mcp_tools.keeper import Keeper
from arms.own.app import build_own
from arms.own.settings import OwnArmSettings
from servicekit.errors import ValidationFailedError
from servicekit.running import Running
from servicekit.status_board import StatusBoard


@asynccontextmanager
async def build_mcp(
    command: ServerCommand, *, arm_id: str | None, settings_for: Callable[[str], OwnArmSettings]
) -> AsyncGenerator[Running]:
    """Run an MCP server and the arm that calls its tools until the block ends.

    Args:
        command: how the server is started.
        arm_id: what the arm is called; None takes what the server calls itself.
        settings_for: the settings of an arm of that name.

    Raises:
        UnavailableError: the server cannot be started, or the arm's address is taken.
        ValidationFailedError: the server has no tools, or the arm may not be called so.
    """
    board = StatusBoard(service=arm_id or "mcp")
    keeper = Keeper(command=command, board=board)
    async with keeper.running() as server:
        if not server.tools:
            raise ValidationFailedError(f"the MCP server {server.title} has no tools", reason="MCP_NO_TOOLS")
        arm = McpArm(
            arm_id=arm_id or slug_of(server.title),
            title=server.title,
            tools=server.tools,
            server=lambda: keeper.server,
        )
        check_arm(arm)
        async with build_own(HostedArm(arm=arm, board=board), settings=settings_for(arm.arm_id)) as running:
            yield running


def slug_of(title: str) -> str:
    """A server's title as the name of an arm: "Weather Server" becomes "weather-server"."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50]
    return slug if slug and slug[0].isalpha() and slug not in OURS else f"mcp-{slug}".rstrip("-")
