"""What a tool gave back, as an arm's result: bounded, and never more than data."""

import re
from collections.abc import Sequence
from typing import Any, cast

import orjson

from arms.model.cutting import leave_out_middle
from arms.step import Artifact, Result
from servicekit.errors import ConflictError

MOST_CHARACTERS = 200_000
"""Characters of a tool's text; the middle of a longer one is left out."""

MOST_ARTIFACT_CHARACTERS = 1_048_576
MOST_ARTIFACTS = 10
_FAILURE_CHARACTERS = 300
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")

_SURE = 0.7
"""A tool's word is somebody else's."""


def result_of(answer: Any, *, tool: str) -> Result:
    """A CallToolResult as a result.

    Raises:
        ConflictError: the tool says that it failed; reason TOOL_FAILED.
    """
    text = _text(answer.content)
    if answer.is_error:
        told = " ".join(_UNSEEN.sub(" ", text).split())[:_FAILURE_CHARACTERS]
        raise ConflictError(f"the tool {tool} failed: {told or 'without a word'}", reason="TOOL_FAILED")
    value: Any = answer.structured_content
    if not text and value is not None:
        text = _shortened(orjson.dumps(value).decode())
    return Result(
        output=text,
        value=_bounded(value),
        confidence=_SURE,
        method="tool",
        artifacts=tuple(_artifacts(answer.content))[:MOST_ARTIFACTS],
    )


def _text(content: Sequence[Any]) -> str:
    texts = [block.text for block in content if block.type == "text"]
    texts += [block.resource.text for block in content if _is_text_resource(block)]
    texts += [f"{block.name}: {block.uri}" for block in content if block.type == "resource_link"]
    return _shortened(_UNSEEN.sub(" ", "\n\n".join(texts)))


def _is_text_resource(block: Any) -> bool:
    return block.type == "resource" and hasattr(block.resource, "text")


def _shortened(text: str) -> str:
    return leave_out_middle(text, characters=MOST_CHARACTERS)


def _bounded(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or len(orjson.dumps(value)) > MOST_CHARACTERS:
        return None
    return cast("dict[str, Any]", value)


def _artifacts(content: Sequence[Any]) -> "list[Artifact]":
    blocks = [block for block in content if block.type in {"image", "audio"}]
    return [
        Artifact(
            name=f"{block.type}-{number}", media_type=block.mime_type, content=block.data, encoding="base64"
        )
        for number, block in enumerate(blocks, start=1)
        if len(block.data) <= MOST_ARTIFACT_CHARACTERS
    ]
