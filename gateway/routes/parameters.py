"""Path parameters, whose names mean the same everywhere."""

from typing import Annotated

from fastapi import Path

from gateway.clients import ARMS
from gateway.schemas.base import ARM_ID_PATTERN, CACHE_KEY_PATTERN, DOCUMENT_ID_PATTERN, TASK_ID_PATTERN

TaskInPath = Annotated[
    str, Path(pattern=TASK_ID_PATTERN, description="The task.", examples=["task_4fGh7Jk2Lm9Qr1Xz"])
]
ArmInPath = Annotated[
    str,
    Path(pattern=ARM_ID_PATTERN, description=f"The arm, such as {', '.join(ARMS)}.", examples=["coder"]),
]
DocumentInPath = Annotated[
    str,
    Path(pattern=DOCUMENT_ID_PATTERN, description="The document.", examples=["doc_4fGh7Jk2Lm9Qr1Xz"]),
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
