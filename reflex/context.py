"""What stands around a match of an injection rule: quotation, framing as an example, negation."""

from reflex.regex import compile_regex

QUOTED, FRAMED, NEGATED = "quoted", "framed", "negated"

_ESSAY = 800
"""Characters from which a text is judged by its parts only."""
_QUOTATION = compile_regex(r"[\"`][^\"`\n]{3,200}[\"`]")
_BEFORE, _AFTER, _NEAR, _FOLLOWING = 160, 160, 14, 80
_QUOTES = "\"`'"
_FRAMES = compile_regex(
    r"(?i)\b(?:such as|for example|for instance|e\.g\.|examples? of|phrases (?:like|such)|wording|known as|"
    r"so-called|(?:string|text|prompt|message|input)s? like|attack(?:s|ers?|ed|ing)?|adversar(?:y|ies|ial)|"
    r"malicious|injections?|jailbreak(?:s|ing)?|exploits?|phishing|"
    r"red[- ]team(?:s|ing|ers?)?|threats?|owasp|cve-\d+|"
    r"vulnerabilit(?:y|ies)|detect(?:s|ed|ion|or|ors|ing)?|classif(?:y|ier|iers|ied|ication)|"
    r"filter(?:s|ed|ing)|block(?:s|ed|ing)?|reject(?:s|ed)|flag(?:s|ged)|tester|"
    r"test (?:case|suite|set)s?|unit tests?|assert|dataset|benchmark|corpus|paper|researchers?|stud(?:y|ies)|"
    r"(?:tried|attempt(?:s|ed)?|trying|wants?|instructs?|asks?|asked|told|tells?) (?:\w+ ){0,4}to)\b"
)
_NAMED = compile_regex(
    r"(?i)\b(?:sentence|phrase|string|words|wording|message|input|request|example|typed|wrote|line|term)s?[\s:,]*"
    r"[\"`'(]$"
)
_NEGATIONS = compile_regex(
    r"(?i)\b(?:do not|don'?t|never|must not|should not|shouldn'?t|cannot|can'?t|won'?t|will not|refuses? to|"
    r"without|not to|nobody should|is not to|unable to|did not|didn'?t)\s*(?:ever |just |simply )?$|"
    r"(?:不要|别|別|勿|\b\x{043D}\x{0435} )$"
)


def surroundings(*, text: str, start: int, end: int) -> tuple[str, ...]:
    """What stands around a match, from the words on its own line and just before it.

    Args:
        text: the view that was scanned.
        start: first character of the match.
        end: one past its last character.

    Returns:
        Of ``quoted``, ``framed`` and ``negated`` those that hold.
    """
    before = text[max(0, start - _BEFORE) : start]
    after = text[end : end + _AFTER]
    found: list[str] = []
    if _is_quoted(before=before, after=after):
        found.append(QUOTED)
    if _is_framed(before=before.rpartition("\n\n")[2], after=after, quoted=QUOTED in found):
        found.append(FRAMED)
    if _NEGATIONS.search(before[-_NEAR:]):
        found.append(NEGATED)
    return tuple(found)


def talks_about_attacks(*, text: str) -> bool:
    """Whether a short text quotes something and has the words of those who write about attacks."""
    return len(text) < _ESSAY and bool(_QUOTATION.search(text)) and bool(_FRAMES.search(text))


def _is_framed(*, before: str, after: str, quoted: bool) -> bool:
    """Talked about rather than said; what follows counts only for a quotation, else it is easily appended."""
    if _FRAMES.search(before):
        return True
    return quoted and bool(_NAMED.search(before) or _FRAMES.search(after[:_FOLLOWING]))


def _is_quoted(*, before: str, after: str) -> bool:
    """An opening mark before, its closing mark after, on the same line."""
    line_before, line_after = before.rpartition("\n")[2], after.partition("\n")[0]
    for mark in _QUOTES:
        # An apostrophe inside a word opens nothing.
        opened = _standing(line_before, mark) % 2 == 1
        if opened and mark in line_after:
            return True
    return False


def _standing(line: str, mark: str) -> int:
    if mark != "'":
        return line.count(mark)
    return sum(
        1
        for place, character in enumerate(line)
        if character == mark
        and not (0 < place < len(line) - 1 and line[place - 1].isalnum() and line[place + 1].isalnum())
    )
