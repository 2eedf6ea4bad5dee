"""An arm whose capabilities are the tools of an MCP server."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from arms.arm import Arm, Capability, Emit
from arms.mcp_tools.naming import Tool, capabilities_of
from arms.mcp_tools.output import result_of
from arms.mcp_tools.server import McpServer
from arms.model.session import ModelSession
from arms.step import Progress, Result, Step
from servicekit.context import remaining_seconds

CALL_SECONDS = 120.0
"""How long a tool may take when the caller's deadline leaves more."""


class McpArm(Arm):
    """Calls tools.

    Args:
        arm_id: what it is called.
        title: what the server calls itself.
        tools: what the server can do.
        server: gives the running server, or raises UnavailableError while there is none.
        seconds: how long a tool may take.
    """

    arm_id = "mcp"
    name = "MCP server"
    description = "Tools of an MCP server."
    capabilities: Sequence[Capability] = ()
    cost_tier = 2
    max_concurrency = 4

    def __init__(
        self,
        *,
        arm_id: str,
        title: str,
        tools: Sequence[Tool],
        server: Callable[[], McpServer],
        seconds: float = CALL_SECONDS,
    ) -> None:
        self._tools = capabilities_of(tools)
        self._server = server
        self._seconds = seconds
        named: Any = self
        named.arm_id = arm_id
        named.name = title[:100] or "MCP server"
        named.description = f"Tools of the MCP server {title}."[:1000]
        named.capabilities = tuple(capability for _, capability in self._tools.values())

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Call the tool.

        Raises:
            OctoError: the server is away, the tool is too slow, refuses or fails.
        """
        del model
        tool, _ = self._tools[step.capability]
        arguments = cast("dict[str, Any]", step.arguments or {})

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            fraction = min(1.0, max(0.0, progress / total)) if total else None
            await emit(Progress(message=(message or "")[:200], fraction=fraction))

        answer = await self._server().call(
            tool.name, arguments, seconds=remaining_seconds(self._seconds), on_progress=tell
        )
        return result_of(answer, tool=tool.name)
