"""Tells the shape of a goal from its words, so that the common ones need no model.

A goal is prose, code or research when its words say so plainly; when they say two things, or nothing, the
shape is unclear and a model is asked.
"""

import re
from dataclasses import dataclass
from enum import Enum

from arms.planner.needs import acts


class Kind(Enum):
    """What sort of work a goal is."""

    PROSE = "prose"
    """A text from given material or from knowledge."""
    CODE = "code"
    """Code to write, mend, test or explain."""
    RESEARCH = "research"
    """An answer from indexed documents."""
    COMPUTE = "compute"
    """A result that only a program computes right."""
    UNCLEAR = "unclear"
    """Several things, or none that the words tell."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a goal: its kind; for code what to do (`action`) and in which language, as far as told."""

    kind: Kind
    action: str = ""
    language: str = ""


_POLITE = re.compile(
    r"^\s*(?:(?:please|kindly|hi|hello)[,!]?\s+|(?:can|could|would|will)\s+you\s+(?:please\s+)?|"
    r"i\s+(?:want|need|would\s+like)\s+(?:you\s+)?to\s+|help\s+me\s+(?:to\s+)?)*",
    re.IGNORECASE,
)

_PROSE_VERBS = re.compile(
    r"^(?:summari[sz]e|sum\s+up|condense|shorten|abridge|extract|list|rewrite|rephrase|reword|paraphrase|"
    r"translate|answer|explain|describe|draft|compose|write|proofread|edit|correct|polish|compare|contrast|"
    r"classify|categori[sz]e|outline|tell|say|name|give|state|identify|define|discuss|suggest|propose|"
    r"recommend|brainstorm|create|prepare|produce|make|turn|convert|simplify|formulate|point\s+out)\b",
    re.IGNORECASE,
)

_QUESTION = re.compile(
    r"^(?:what|when|where|who|whom|whose|why|how|which|is|are|was|were|does|do|did|has|have|should|in\s+which|"
    r"at\s+what|in\s+one\s+word)\b|\?\s*$",
    re.IGNORECASE,
)

_PROSE_NOUN = (
    r"summary|e-?mail|letter|report|essay|poem|story|article|post|paragraph|sentence|announcement|memo|note|"
    r"text|minutes|speech|headline|title|description|review|list|haiku|press\s+release|message|reply|answer|"
    r"proposal|agenda|plan|word|outline|checklist|recommendations?|postmortem|post-mortem|newsletter"
)
_CODE_NOUN = (
    r"code|function|class|method|script|program|module|decorator|generator|unit\s+tests?|test\s+suite|tests|"
    r"regex|regular\s+expression|sql|query|algorithm|snippet|cli|command[- ]line\s+tool|endpoint|parser|"
    r"dockerfile|makefile|stored\s+procedure|data\s?class"
)
_LANGUAGES = {
    "python": r"python",
    "javascript": r"java\s?script|node(?:\.js)?",
    "typescript": r"type\s?script",
    "java": r"java",
    "rust": r"rust",
    "go": r"golang|go(?=\s+(?:function|program|code|package|struct|method))",
    "c++": r"c\+\+",
    "c": r"c(?=\s+(?:function|program|code))",
    "ruby": r"ruby",
    "bash": r"bash|shell\s+script",
    "sql": r"sql",
    "html": r"html",
    "css": r"css",
}
_FIRST_NOUN = re.compile(rf"\b(?:(?P<prose>{_PROSE_NOUN})|(?P<code>{_CODE_NOUN}))\b", re.IGNORECASE)

_TESTS = re.compile(
    r"^(?:write|add|create|generate|make|implement)\b[^.?!]{0,40}?\btests?\b|^(?:unit[- ])?test\s",
    re.IGNORECASE,
)
_CODE_VERBS = (
    (
        "debug",
        re.compile(
            r"^(?:fix|debug|repair|mend|solve|correct|find\s+(?:the\s+)?(?:bug|error|defect))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "refactor",
        re.compile(
            r"^(?:refactor|clean\s+up|restructure|optimi[sz]e|simplify|rewrite|improve|port)\b", re.IGNORECASE
        ),
    ),
    (
        "explain",
        re.compile(r"^(?:explain|describe|summari[sz]e|what\s+does|how\s+does|document)\b", re.IGNORECASE),
    ),
    (
        "generate",
        re.compile(
            r"^(?:write|implement|create|generate|build|code|program|develop|make|add|give|show)\b",
            re.IGNORECASE,
        ),
    ),
)
_ALWAYS_CODE = re.compile(r"^(?:implement|refactor|debug|code|program)\b", re.IGNORECASE)
_BUG = re.compile(
    r"\b(?:bug|traceback|stack\s?trace|exception|off-by-one|syntax\s+error|segfault)\b", re.IGNORECASE
)

_RESEARCH = re.compile(
    r"\b(?:search|look\s+up|retrieve|research|consult|find\s+out)\b.{0,80}\b(?:documents?|docs|documentation|"
    r"knowledge\s+base|manuals?|handbook|library|archive|wiki|index|papers?)\b|"
    r"\b(?:in|from|across|over|through|using|by|according\s+to)\s+(?:the|our|my|all|all\s+the|all\s+our|your)?\s*"
    r"(?:indexed\s+|uploaded\s+|stored\s+|internal\s+)?(?:documents|docs|documentation|knowledge\s+base|"
    r"manuals|handbook|wiki|document\s+store)\b",
    re.IGNORECASE,
)

_SEVERAL = re.compile(
    r"\b(?:and\s+then|then|after\s+that|afterwards|finally|in\s+a\s+second\s+step|based\s+on\s+(?:that|the\s+result))\b|"
    r"^\s*(?:\d+[.)]|[-*])\s+\S.*\n+\s*(?:\d+[.)]|[-*])\s+\S",
    re.IGNORECASE | re.MULTILINE,
)


_PARTS = re.compile(r"[.!?;]\s+|\b(?:and\s+)?then\b|\n")


def has_parts(goal: str) -> bool:
    """Whether a goal asks for one thing after another."""
    return _SEVERAL.search(goal) is not None


def shape_of(goal: str) -> Shape:
    """Tell the shape of a goal from its words."""
    words = _POLITE.sub("", goal, count=1).strip()
    if _SEVERAL.search(words):
        return Shape(kind=Kind.PROSE if _is_all_prose(words) else Kind.UNCLEAR)
    if _RESEARCH.search(words):
        return Shape(kind=Kind.RESEARCH)
    action = _code_action(words)
    if action:
        return Shape(kind=Kind.CODE, action=action, language=_language(words))
    if _PROSE_VERBS.match(words) or _QUESTION.search(words):
        return Shape(kind=Kind.PROSE)
    return Shape(kind=Kind.UNCLEAR)


def code_shape(goal: str) -> Shape:
    """The shape of a goal that is known to be about code."""
    action = _code_action(goal) or ("debug" if _BUG.search(goal) else "generate")
    return Shape(kind=Kind.CODE, action=action, language=_language(goal))


def _is_all_prose(words: str) -> bool:
    """Whether a goal of several parts is one piece of writing: "summarise it, then list three actions"."""
    if acts(words) or not _PROSE_VERBS.match(words):
        return False
    return not any(_is_about_code(part) for part in _PARTS.split(words))


def _code_action(words: str) -> str:
    """What to do with code, or empty when the goal is not about code."""
    if not _is_about_code(words):
        return ""
    if _TESTS.search(words):
        return "test"
    return next((action for action, verb in _CODE_VERBS if verb.match(words)), "")


def _is_about_code(words: str) -> bool:
    if _ALWAYS_CODE.match(words) or "```" in words:
        return True
    # "Write an email about the new function" is prose, "write a function that sends an email" is code.
    first = _FIRST_NOUN.search(words)
    if first is not None:
        return first["code"] is not None
    return bool(_language(words)) or bool(_BUG.search(words))


def _language(words: str) -> str:
    found = [
        (match.start(), name)
        for name, pattern in _LANGUAGES.items()
        if (match := re.search(rf"(?<![\w.])(?:{pattern})(?![\w+#])", words, re.IGNORECASE))
    ]
    return min(found)[1] if found else ""
