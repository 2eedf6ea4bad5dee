"""Writes attacks and harmless look-alikes from slots and templates of reflex_texts, for training only."""

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

SOURCES = Path(__file__).parent / "reflex_texts"
_SHOUTED = 0.1
_EMBEDDED = 0.35
"""Share of attacks that stand inside or after a harmless text."""


def attacks(*, count: int, chance: random.Random, around: Sequence[str]) -> list[str]:
    """So many attacks, some of them inside harmless texts.

    Args:
        count: how many.
        chance: where they come from.
        around: short harmless texts.
    """
    slots, templates = _grammar("attacks_grammar")
    written: list[str] = []
    for _ in range(count):
        attack = _fill(template=chance.choice(templates), slots=slots, chance=chance)
        attack = chance.choice((str, str.capitalize, str, str.upper if chance.random() < _SHOUTED else str))(
            attack
        )
        if around and chance.random() < _EMBEDDED:
            text = chance.choice(around)
            attack = chance.choice((f"{text}\n{attack}", f"{text} {attack}", f"{attack}\n\n{text}"))
        written.append(attack)
    return written


def harmless(*, count: int, chance: random.Random) -> list[str]:
    """So many requests that have the words of attacks and nothing else of them."""
    slots, templates = _grammar("benign_grammar")
    return [_fill(template=chance.choice(templates), slots=slots, chance=chance) for _ in range(count)]


def _grammar(name: str) -> tuple[Mapping[str, Sequence[str]], Sequence[str]]:
    slots: dict[str, Sequence[str]] = {}
    templates: list[str] = []
    for line in (SOURCES / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith("> "):
            templates.append(line[2:].replace("\\n", "\n"))
        elif not line.startswith("# ") and ": " in line:
            name, _, choices = line.partition(": ")
            slots[name] = choices.split(" | ")
    return slots, templates


def _fill(*, template: str, slots: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: chance.choice(slots[match.group(1)]), template)
