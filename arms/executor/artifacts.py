"""Files as the other arms know them: named texts, or bytes as base64."""

import binascii
import mimetypes
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping

from arms.step import Artifact
from servicekit.errors import ValidationFailedError

UNKNOWN = "application/octet-stream"


def contents(artifacts: Iterable[Artifact]) -> dict[str, bytes]:
    """Return content by name.

    Raises:
        ValidationFailedError: two have one name, or one is not encoded as it says.
    """
    found: dict[str, bytes] = {}
    for index, artifact in enumerate(artifacts):
        if artifact.name in found:
            raise ValidationFailedError(
                f"Two files are named {artifact.name!r}.", field=f"files[{index}].name", reason="FILE_NAME"
            )
        found[artifact.name] = _content(artifact, index=index)
    return found


def artifacts(files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
    """Return the files, as text where they are text."""
    return tuple(_artifact(name, content) for name, content in files.items())


def _content(artifact: Artifact, *, index: int) -> bytes:
    if artifact.encoding in {"", "utf-8"}:
        return artifact.content.encode()
    try:
        if artifact.encoding == "base64":
            return b64decode(artifact.content, validate=True)
    except binascii.Error:
        pass
    raise ValidationFailedError(
        f"The file {artifact.name!r} is not encoded as it says.",
        field=f"files[{index}].encoding",
        constraint="must be utf-8 or base64",
        reason="FILE_ENCODING",
    )


def _artifact(name: str, content: bytes) -> Artifact:
    media_type = mimetypes.guess_type(name)[0]
    try:
        text = content.decode()
    except UnicodeDecodeError:
        encoded = b64encode(content).decode()
        return Artifact(name=name, media_type=media_type or UNKNOWN, content=encoded, encoding="base64")
    return Artifact(name=name, media_type=media_type or "text/plain", content=text)
