"""Guesses what a step will take on the local model, so that a budget can be set aside for it."""

from dataclasses import replace

from arms.planner.plan import PlannedStep, PlanRequest

_CHARACTERS_PER_TOKEN = 3.5
_INSTRUCTIONS_TOKENS = 200
_ANSWER_TOKENS = 700
_EARLIER_RESULT_TOKENS = 500
_WINDOW_TOKENS = 8192
_READS_PER_SECOND = 75.0
_WRITES_PER_SECOND = 12.0
"""Tokens a second of the 1.5B model on two cores."""

_NEEDS_NO_MODEL = frozenset({"document_search", "code_execution", "shell_command", "http_request"})


def with_estimates(step: PlannedStep, *, request: PlanRequest) -> PlannedStep:
    """The step with its estimates set."""
    if step.capability in _NEEDS_NO_MODEL:
        return replace(step, estimated_tokens=0, estimated_seconds=5.0)
    brief = request.brief
    characters = len(step.instruction) + len(brief.context_json) + len(brief.goal)
    characters += sum(map(len, (*brief.constraints, *brief.acceptance_criteria)))
    reads = _INSTRUCTIONS_TOKENS + int(characters / _CHARACTERS_PER_TOKEN)
    reads += _EARLIER_RESULT_TOKENS * len(step.depends_on)
    reads = min(reads, _WINDOW_TOKENS - _ANSWER_TOKENS)
    return replace(
        step,
        estimated_tokens=reads + _ANSWER_TOKENS,
        estimated_seconds=round(reads / _READS_PER_SECOND + _ANSWER_TOKENS / _WRITES_PER_SECOND, 1),
    )
