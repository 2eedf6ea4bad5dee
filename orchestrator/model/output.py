"""What comes with an output: sources that support it, pieces beside its text."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Citation:
    """The place in a source that supports a claim."""

    document_id: str = ""
    title: str = ""
    chunk_id: str = ""
    quote: str = ""
    score: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A named piece of output beside the text."""

    name: str = ""
    media_type: str = ""
    content: str = ""
    encoding: str = ""
