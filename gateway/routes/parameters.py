"""What several handlers take: the context, and path parameters, whose names mean the same everywhere."""

from typing import Annotated

from fastapi import Depends, Path, Request

from gateway.clients import ARMS
from gateway.context import Context
from gateway.schemas.base import ARM_ID_PATTERN, CACHE_KEY_PATTERN, TASK_ID_PATTERN


async def _context(request: Request) -> Context:
    return request.app.state.context


async def _door(request: Request) -> str:
    return request.app.state.door


InContext = Annotated[Context, Depends(_context)]
"""What the handlers of a running gateway share."""

InDoor = Annotated[str, Depends(_door)]
"""Whose port the request came in at, such as ``gateway`` or ``coder``."""

TaskInPath = Annotated[
    str, Path(pattern=TASK_ID_PATTERN, description="The task.", examples=["task_4fGh7Jk2Lm9Qr1Xz"])
]
ArmInPath = Annotated[
    str,
    Path(pattern=ARM_ID_PATTERN, description=f"The arm, such as {', '.join(ARMS)}.", examples=["coder"]),
]
KeyInPath = Annotated[
    str,
    Path(pattern=CACHE_KEY_PATTERN, description="The key of a cached value.", examples=["answers:en:42"]),
]
AssetInPath = Annotated[
    str,
    Path(
        pattern="^[a-z-]{1,40}\\.(js|css)$",
        description="A file of the documentation page.",
        examples=["swagger-ui.css"],
    ),
]
