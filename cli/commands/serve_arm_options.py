"""Options of `octollm serve arm`."""

from typing import Annotated

import typer

_ARM_PANEL = "Options of `serve arm`"

ArmModule = Annotated[
    str | None,
    typer.Option("--module", metavar="MODULE:CLASS", help="The arm's class.", rich_help_panel=_ARM_PANEL),
]
McpCommand = Annotated[
    str | None,
    typer.Option(
        "--mcp",
        metavar="COMMAND",
        help="Instead of a class: an MCP server; its tools become capabilities.",
        rich_help_panel=_ARM_PANEL,
    ),
]
McpEnv = Annotated[
    list[str] | None,
    typer.Option(
        "--mcp-env",
        metavar="NAME",
        help="A variable of ours that the MCP server may see; repeatable.",
        rich_help_panel=_ARM_PANEL,
    ),
]
ArmId = Annotated[
    str | None,
    typer.Option(
        "--arm-id", help="What the MCP server's arm is called, if not as itself.", rich_help_panel=_ARM_PANEL
    ),
]
ArmPort = Annotated[
    int,
    typer.Option(
        "--arm-port", min=0, help="The arm's gRPC port; 0 takes a free one.", rich_help_panel=_ARM_PANEL
    ),
]
Orchestrator = Annotated[
    str | None,
    typer.Option(
        "--orchestrator",
        envvar="OCTOLLM_ORCHESTRATOR",
        metavar="HOST:PORT",
        help="Where the arm registers; by default the platform that runs from the data directory.",
        rich_help_panel=_ARM_PANEL,
    ),
]
