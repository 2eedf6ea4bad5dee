"""How far a match can reach, read off its pattern: what decides on the pieces a text is scanned in."""

import re  # reads our own patterns only; what strangers send is for re2
from functools import cache

from reflex.regex import compile_regex

FAR = 160
"""Characters that a match of a local rule may span, apart from one word; a test holds the tables to it."""

_PART = re.compile(
    r"(?s)(?P<flags>\(\?[a-z]+\))|(?P<open>\((?:\?[a-z]*:)?)|(?P<close>\))|(?P<endless>[*+]|\{\d+,\})|"
    r"\{(?:\d+,)?(?P<most>\d+)\}|(?P<atom>\\x\{[0-9A-Fa-f]+\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.)"
)
_NO_CHARACTER = frozenset(("^", "$", "|", "?", r"\b", r"\B", r"\A", r"\z"))


def widest(*, pattern: str) -> float:
    """Characters that a match may span at most; infinite where a part is repeated without end.

    Args:
        pattern: RE2 syntax.
    """
    other, width, last = [0.0], [0.0], 0.0
    for part in _PART.finditer(pattern):
        kind, text = part.lastgroup, part.group()
        if kind == "open":
            other.append(0.0)
            width.append(0.0)
        elif kind == "close" or text == "|":
            last = max(other.pop(), width.pop())
            other.append(last)
            width.append(0.0)
            if kind == "close":
                del other[-1], width[-1]
                width[-1] += last
        elif kind in {"endless", "most"}:
            times = float("inf") if kind == "endless" else int(part.group("most"))
            width[-1] += last * (times - 1) if last else 0
            last *= times if last else 0
        elif kind == "atom" and text != "?":
            last = 0.0 if text in _NO_CHARACTER else 1.0
            width[-1] += last
    return max(other[0], width[0])


def is_local(*, pattern: str) -> bool:
    """Whether matches span at most `FAR` characters, apart from one word: signs without a space, any number.

    Args:
        pattern: RE2 syntax.
    """
    spaced, endless, together = [False], list[bool](), 0
    last = False
    for part in _PART.finditer(pattern):
        kind, text = part.lastgroup, part.group()
        if kind == "open":
            spaced.append(False)
        elif kind == "close":
            last = spaced.pop()
            spaced[-1] |= last
        elif kind == "endless":
            endless.append(last)
        elif kind == "most":
            together += int(part.group("most"))
        elif kind == "atom" and text not in _NO_CHARACTER:
            last = _may_be_space(text)
            spaced[-1] |= last
    if any(endless):
        return False
    return not spaced[0] or (together <= FAR and len(endless) <= 1)


@cache
def _may_be_space(atom: str) -> bool:
    regex = compile_regex(f"(?s){atom}")
    return any(regex.fullmatch(space) is not None for space in " \t\r\n")
