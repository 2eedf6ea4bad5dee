"""How a result came to be: who made it, with which model and prompts, at what cost, when."""

from dataclasses import dataclass
from datetime import UTC, datetime

from arms.arm import Arm
from arms.model.session import ModelSession
from arms.model.usage import Usage
from arms.step import Run


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The record that travels with every result; see `octollm.arms.v1.Provenance` for the fields."""

    arm_id: str
    instance_id: str
    arm_version: str
    model: str
    prompt_hash: str
    usage: Usage
    started_at: datetime
    finished_at: datetime
    confidence: float
    sources: tuple[str, ...]
    method: str
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Record:
    """A call that has begun; `close` tells how it came out."""

    arm: Arm
    instance_id: str
    session: ModelSession
    started_at: datetime

    def close(
        self,
        *,
        confidence: float,
        method: str,
        sources: tuple[str, ...] = (),
        runs: tuple[Run, ...] = (),
    ) -> Provenance:
        """Return the provenance of what the call made."""
        return Provenance(
            arm_id=self.arm.arm_id,
            instance_id=self.instance_id,
            arm_version=self.arm.version,
            model=self.session.model,
            prompt_hash=self.session.prompt_hash,
            usage=self.session.usage,
            started_at=self.started_at,
            finished_at=datetime.now(UTC),
            confidence=confidence,
            sources=sources,
            method=method,
            runs=runs,
        )


def begin_record(*, arm: Arm, instance_id: str, session: ModelSession) -> Record:
    """Begin the record of a call."""
    return Record(arm=arm, instance_id=instance_id, session=session, started_at=datetime.now(UTC))
