"""Judges what the steps made, chooses among competing proposals, and begins repair rounds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator import writes
from orchestrator.calls import VALIDATE, StepInput
from orchestrator.model.arm import ArmInstance
from orchestrator.model.output import Artifact, Citation
from orchestrator.model.provenance import Provenance
from orchestrator.model.step import Step
from orchestrator.model.verdict import Judgement
from orchestrator.plan import last_steps, part_of, proposal_of, repair_steps
from orchestrator.rows import Judged
from orchestrator.tools import Tools, call_needed
from orchestrator.work import Work
from orchestrator.write import Charge
from servicekit.spans import spanned

_MOST_INPUTS = 20
_MOST_CITATIONS = 200


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A possible result: the outputs of some end steps, put together.

    Attributes:
        ends: those steps.
        steps: every step, for what they were made from.
    """

    ends: tuple[Step, ...]
    steps: Mapping[str, Step] = field(default_factory=dict[str, Step])

    @property
    def output(self) -> str:
        """One output as it is; several under their names."""
        if len(self.ends) == 1:
            return self.ends[0].output
        return "\n\n".join(f"## {step.plan.name}\n\n{step.output}" for step in self.ends)

    @property
    def confidence(self) -> float:
        """As sure as the least sure of its steps."""
        return min((step.result.confidence for step in self.ends if step.result), default=0.0)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Those of all its steps; a step that cites nothing stands on what it was made from."""
        return tuple(dict.fromkeys(found for step in self.ends for found in cited_by(step, self.steps)))

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """Those of all its steps."""
        return tuple(found for step in self.ends if step.result for found in step.result.artifacts)


def cited_by(step: Step, steps: Mapping[str, Step]) -> tuple[Citation, ...]:
    """The citations of a step, else of the nearest steps that it depends on."""
    found: list[Citation] = []
    seen, waiting = {step.step_id}, [step]
    while waiting:
        current = waiting.pop(0)
        if current.result and current.result.citations:
            found += current.result.citations
            continue
        needed = [name for name in current.plan.depends_on if name in steps and name not in seen]
        seen.update(needed)
        waiting += [steps[name] for name in needed]
    return tuple(found)


async def validate(work: Work, tools: Tools) -> None:
    """Judge the newest round, once; the best of all rounds stays in ``work.judged``."""
    if work.judged and work.judged.round == work.round:
        return
    with spanned("validate", attributes={"octollm.round": work.round}):
        await _validate(work, tools)


async def _validate(work: Work, tools: Tools) -> None:
    found = candidates(list(work.steps.values()))
    judgements = [(candidate, await _judge(work, tools, candidate)) for candidate in found]
    candidate, judgement = max(judgements, key=lambda pair: score(pair[1]))
    ends = tuple(step.step_id for step in candidate.ends)
    best = Judged(round=work.round, ends=ends, judgement=judgement)
    if work.judged and score(work.judged.judgement) >= score(judgement):
        best = Judged(round=work.round, ends=work.judged.ends, judgement=work.judged.judgement)
    if work.spec.acceptance_criteria:
        charges = [
            Charge(key=f"judge:{work.round}:{number}", provenance=judged.provenance)
            for number, (_, judged) in enumerate(judgements, start=1)
        ]
        await work.write(writes.validated(best, judgement, charges=charges))
    work.judged = best


async def begin_repair(work: Work, tools: Tools) -> bool:
    """Write the steps of a repair round; False when nothing is to repair or no round is left."""
    judged = work.judged
    if judged is None or judged.judgement.passed or work.round >= tools.limits.repair_rounds:
        return False
    feedback = judged.judgement.feedback or "some acceptance criteria are not met"
    ends = [work.steps[step_id] for step_id in judged.ends]
    steps = repair_steps(ends, feedback=feedback, round_number=work.round + 1)
    await work.write(
        writes.repaired(steps, first=len(work.steps), round_number=work.round + 1, feedback=feedback)
    )
    work.add(steps, round_number=work.round + 1)
    return True


def candidates(steps: Sequence[Step]) -> list[Candidate]:
    """What the newest round offers as a result, one candidate a proposal that is complete.

    When every proposal lost a step, what is left of them is put together: each part is there once.
    """
    proposals: defaultdict[int, list[Step]] = defaultdict(list)
    parts: dict[str, Step] = {}
    for step in last_steps(steps):
        proposals[proposal_of(step.step_id)].append(step)
        parts.setdefault(part_of(step.step_id), step)
    complete = [proposals[number] for number in sorted(proposals) if len(proposals[number]) == len(parts)]
    known = {step.step_id: step for step in steps}
    return [Candidate(ends=tuple(ends), steps=known) for ends in complete or [list(parts.values())]]


def score(judgement: Judgement) -> tuple[int, float]:
    """How good: criteria met, then confidence."""
    return sum(verdict.passed for verdict in judgement.verdicts), judgement.confidence


async def _judge(work: Work, tools: Tools, candidate: Candidate) -> Judgement:
    if not work.spec.acceptance_criteria:
        return Judgement(verdicts=(), passed=True, confidence=candidate.confidence, provenance=Provenance())
    bounds = work.account.reserve(shares=2)  # a repair needs its part

    async def ask(instance: ArmInstance) -> Judgement:
        return await tools.calls.judge(
            instance,
            brief=work.brief,
            output=candidate.output,
            inputs=_inputs(work, candidate),
            citations=candidate.citations[:_MOST_CITATIONS],
            bounds=bounds,
        )

    try:
        judgement = await call_needed(work, tools, VALIDATE, ask)
    except BaseException:
        work.account.release(bounds)
        raise
    work.account.settle(bounds, judgement.provenance.usage)
    return judgement


def _inputs(work: Work, candidate: Candidate) -> list[StepInput]:
    """The outputs that the candidate was made from."""
    names = dict.fromkeys(name for step in candidate.ends for name in step.plan.depends_on)
    return [
        StepInput(step_id=name, name=work.steps[name].plan.name, output=work.steps[name].output)
        for name in list(names)[:_MOST_INPUTS]
    ]
