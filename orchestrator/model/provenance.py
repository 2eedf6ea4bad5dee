"""How a result came to be and what it cost."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a call consumed; money in millionths of a US dollar."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    cost_known: bool = True
    model_requests: int = 0

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, kw_only=True)
class Run:
    """A program that an arm had run to check a result."""

    command: str = ""
    exit_code: int = 0
    stopped_by: str = ""
    tests_passed: int = 0
    tests_failed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a result came to be."""

    arm_id: str = ""
    instance_id: str = ""
    arm_version: str = ""
    model: str = ""
    prompt_hash: str = ""
    usage: Usage = Usage()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    confidence: float = 0.0
    sources: tuple[str, ...] = ()
    method: str = ""
    runs: tuple[Run, ...] = ()


NO_PROVENANCE = Provenance()
"""Of what nothing made: the default."""
