"""The judge's word."""

from dataclasses import dataclass

from orchestrator.model.provenance import NO_PROVENANCE, Provenance


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement of one acceptance criterion."""

    criterion: str
    passed: bool
    evidence: str = ""
    confidence: float = 0.0
    method: str = "undecided"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The judge's word on one output."""

    verdicts: tuple[Verdict, ...]
    passed: bool
    confidence: float
    feedback: str = ""
    provenance: Provenance = NO_PROVENANCE
