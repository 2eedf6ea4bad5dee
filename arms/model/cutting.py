"""Makes a prompt fit into a model's window by leaving out the middle of its longest cuttable sections."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from arms.model.prompt import Prompt

CountTokens = Callable[[str], Awaitable[int]]
"""How many tokens a text is."""

_TEMPLATE_TOKENS = 48
_LEAST_TOKENS = 64
_HEAD_SHARE = 0.6
_TRIES = 6


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A prompt that fits.

    Attributes:
        prompt: as it will be sent.
        tokens: how many tokens it is, the chat template's own included.
        cut: titles of the sections that lost their middle.
    """

    prompt: Prompt
    tokens: int
    cut: tuple[str, ...] = ()


async def fit(*, prompt: Prompt, limit: int, count: CountTokens) -> Fitted | None:
    """Return the prompt cut to at most `limit` tokens, or None when what may not be cut is too long."""
    whole = await _count(prompt=prompt, count=count)
    if whole <= limit:
        return Fitted(prompt=prompt, tokens=whole)
    sizes = {
        position: await count(section.text)
        for position, section in enumerate(prompt.sections)
        if section.cuttable and section.text
    }
    room = limit - (whole - sum(sizes.values()))
    for _ in range(_TRIES):
        if not sizes or room < _LEAST_TOKENS * len(sizes):
            return None
        candidate, cut = _shortened(prompt=prompt, sizes=sizes, room=room)
        tokens = await _count(prompt=candidate, count=count)
        if tokens <= limit:
            return Fitted(prompt=candidate, tokens=tokens, cut=cut)
        room -= max(tokens - limit, limit // 50)
    return None


def leave_out_middle(text: str, *, characters: int) -> str:
    """The text with its middle left out and said so, about so many characters long; ends at white space."""
    if len(text) <= characters:
        return text
    head_length = int(characters * _HEAD_SHARE)
    head = _cut_at_space(text[:head_length])
    tail = _cut_at_space(text[len(text) - (characters - head_length) :][::-1])[::-1]
    left_out = len(text) - len(head) - len(tail)
    return f"{head.rstrip()}\n[... {left_out} characters left out ...]\n{tail.lstrip()}"


def _cut_at_space(text: str) -> str:
    cut = max(text.rfind(" "), text.rfind("\n"))
    return text[:cut] if cut > len(text) * 0.8 else text


def _shortened(*, prompt: Prompt, sizes: Mapping[int, int], room: int) -> tuple[Prompt, tuple[str, ...]]:
    cap = _common_cap(sizes=list(sizes.values()), room=room)
    texts = {
        position: leave_out_middle(
            prompt.sections[position].text,
            characters=len(prompt.sections[position].text) * cap // tokens,
        )
        for position, tokens in sizes.items()
        if tokens > cap
    }
    return prompt.with_texts(texts), tuple(prompt.sections[position].title for position in texts)


def _common_cap(*, sizes: list[int], room: int) -> int:
    """The largest cap under which all sizes together fit into the room: short sections stay whole."""
    left, waiting = room, sorted(sizes)
    while waiting:
        share = left // len(waiting)
        if waiting[0] > share:
            return share
        left -= waiting.pop(0)
    return room


async def _count(*, prompt: Prompt, count: CountTokens) -> int:
    return await count(f"{prompt.instructions}\n\n{prompt.render()}") + _TEMPLATE_TOKENS
