"""What the judge is given and what it says."""

from dataclasses import dataclass

from arms.step import Brief, Citation, StepInput


@dataclass(frozen=True, kw_only=True)
class JudgeRequest:
    """An output to judge.

    Attributes:
        brief: the task; its acceptance criteria are what is judged.
        output: the output.
        inputs: the outputs that it was made from.
        citations: the citations that it claims.
    """

    brief: Brief
    output: str
    inputs: tuple[StepInput, ...] = ()
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement of one criterion.

    Attributes:
        criterion: as the caller wrote it.
        passed: whether the output satisfies it; False when it could not be decided.
        evidence: what in the output decided it.
        confidence: how sure the judge is, 0 to 1.
        method: "rule", "model" or "undecided".
    """

    criterion: str
    passed: bool
    evidence: str
    confidence: float
    method: str


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The judgement of an output: one verdict a criterion, in their order."""

    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether every criterion passed."""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def confidence(self) -> float:
        """As sure as the least sure verdict; certain when there was nothing to judge."""
        return min((verdict.confidence for verdict in self.verdicts), default=1.0)

    @property
    def feedback(self) -> str:
        """What a repair round must change; empty when passed."""
        return "\n".join(
            f"- Not satisfied: {verdict.criterion} ({verdict.evidence})"
            for verdict in self.verdicts
            if not verdict.passed
        )

    @property
    def method(self) -> str:
        """How it was decided as a whole: "rule", "model", "rule and model" ...; "none" without criteria."""
        used = {verdict.method for verdict in self.verdicts}
        return " and ".join(name for name in ("rule", "model", "undecided") if name in used) or "none"
