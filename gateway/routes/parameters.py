"""The path parameters of all routes: a name means the same everywhere."""

from collections.abc import Mapping

from gateway.clients import ARMS
from gateway.routing.route import PathParameter
from gateway.schemas.base import ARM_ID_PATTERN, CACHE_KEY_PATTERN, TASK_ID_PATTERN

PATH_PARAMETERS: Mapping[str, PathParameter] = {
    "task_id": PathParameter(
        pattern=TASK_ID_PATTERN, description="The task.", example="task_4fGh7Jk2Lm9Qr1Xz"
    ),
    "arm_id": PathParameter(
        pattern=ARM_ID_PATTERN, description=f"The arm, such as {', '.join(ARMS)}.", example="coder"
    ),
    "key": PathParameter(
        pattern=CACHE_KEY_PATTERN, description="The key of a cached value.", example="answers:en:42"
    ),
    "asset": PathParameter(
        pattern="^[a-z-]{1,40}\\.(js|css)$",
        description="A file of the documentation page.",
        example="swagger-ui.css",
    ),
}
"""By name, what a variable segment must match."""
