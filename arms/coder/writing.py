"""Writes prose and code with the model."""

import ast

from arms.arm import Emit
from arms.coder.fences import (
    canonical,
    find_blocks,
    without_blocks,
    without_outer_fence,
    without_tags,
    words_after_block,
)
from arms.coder.prompts import code_prompt, prose_prompt
from arms.coder.work import Code, CodeAction, CodeWork, Prose, ProseWork
from arms.model.failures import UnusableOutputError
from arms.model.session import Answer, ModelSession, OnDelta
from arms.model.stopping import Stop
from arms.step import Progress

_PROSE_TOKENS = 1200
_CODE_TOKENS = 1600

_WORDS_AFTER = 600
"""Characters of words that may follow the code, where some are asked for."""

_NO_WORDS_AFTER = 120
"""... where none are: as long as a sentence that leads to another block."""

_REPAIR_TEMPERATURE = 0.7
"""At 0 a small model writes word for word again what was refused."""

_CODE_ALONE = frozenset({CodeAction.GENERATE, CodeAction.TEST})
"""What is answered with code and no words."""

_WHOLE = 0.8
"""How sure we are of an answer that is complete and was written from all of the material."""
_FROM_PART = 0.6
"""... that was written from material with its middle left out."""
_BROKEN_OFF = 0.3
"""... that the token limit cut off."""


async def write_prose(work: ProseWork, *, model: ModelSession, emit: Emit) -> Prose:
    """Write a text.

    Raises:
        OctoError: the model is not ready, the limits are too narrow, or it wrote nothing.
    """
    answer = await model.text(
        prose_prompt(work),
        max_tokens=_PROSE_TOKENS,
        temperature=_temperature(work.feedback),
        on_delta=_streamed(emit),
    )
    text = without_outer_fence(without_tags(answer.text))
    if not text:
        raise UnusableOutputError("the model wrote nothing", reason="MODEL_OUTPUT_EMPTY")
    return Prose(text=text, confidence=_confidence(answer))


async def write_code(work: CodeWork, *, model: ModelSession, emit: Emit, warmer: bool = False) -> Code:
    """Write or explain code.

    Args:
        work: what to write.
        model: the way to the model.
        emit: told that it is being written; the text itself may still change.
        warmer: whether to leave the likeliest words, because they were wrong before.

    Raises:
        OctoError: the model is not ready, the limits are too narrow, or it wrote no code.
    """
    await emit(Progress(message="writing"))
    answer = await model.text(
        code_prompt(work),
        max_tokens=_CODE_TOKENS,
        temperature=_REPAIR_TEMPERATURE if warmer else _temperature(work.feedback),
        stop=_stop(work.action),
    )
    if work.action is CodeAction.EXPLAIN:
        return Code(
            code="",
            language=canonical(work.language),
            explanation=answer.text,
            confidence=_confidence(answer),
        )
    blocks = find_blocks(answer.text)
    if not blocks:
        raise UnusableOutputError("the model wrote no code", reason="MODEL_OUTPUT_EMPTY")
    language = canonical(work.language) or blocks[0].language or _guessed(blocks[0].code)
    return Code(
        # Models split one program over several blocks at times; those of its own language belong together.
        code="\n\n\n".join(block.code for block in blocks if block.language in {"", language}),
        language=language,
        explanation=without_blocks(answer.text),
        confidence=_confidence(answer),
    )


def _stop(action: CodeAction) -> Stop | None:
    """When an answer has the code that is asked for: small models go on and on about it."""
    if action is CodeAction.EXPLAIN:
        return None
    most = _NO_WORDS_AFTER if action in _CODE_ALONE else _WORDS_AFTER
    return lambda text: words_after_block(text) > most


def _guessed(code: str) -> str:
    """Python when Python can parse it; models leave the language out at times."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return "python"


def _temperature(feedback: str) -> float:
    return _REPAIR_TEMPERATURE if feedback else 0.0


def _streamed(emit: Emit) -> OnDelta:
    async def on_delta(piece: str) -> None:
        await emit(Progress(message="writing", text_delta=piece))

    return on_delta


def _confidence(answer: Answer) -> float:
    if not answer.complete:
        return _BROKEN_OFF
    return _FROM_PART if answer.cut else _WHOLE
