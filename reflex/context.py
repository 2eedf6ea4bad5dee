"""What stands around a match of an injection rule: quotation, framing as an example, report, negation."""

from collections.abc import Collection

from reflex.regex import compile_regex, occurs

QUOTED, FRAMED, NEGATED = "quoted", "framed", "negated"
REPORTED = "reported"
"""Somebody else than the model does it: "tells the bot to ignore its rules", "can I ignore the rules"."""
ATTRIBUTED = "attributed"
"""It belongs to something else than the model: "your rules for splitting a bill"."""

_ESSAY = 800
"""Characters from which a text is judged by its parts only."""
_QUOTATION = compile_regex(r"[\"`][^\"`\n]{3,200}[\"`]")
_BEFORE, _AFTER, _NEAR, _FOLLOWING = 160, 160, 14, 80
_QUOTES = "\"`'"
_PAIRS = ("\u300c\u300d", "\u300e\u300f")
"""Quotation marks of Japanese, which no folding makes one of those."""
_FRAMES_ABROAD = (
    r"\b(?:angreifer|angriffe?n?|beispiel(?:e|sweise)?|schrieb(?:en)?|ubersetz(?:e|en|t|ung)|satz|"
    r"attaqu(?:e|es|ant|ants)|exemples?|tradui(?:s|re|sez|t)|"
    r"atacantes?|ataques?|ejemplos?|frases?|escribio|traduc(?:e|ir|cion)|"
    r"attaccant[ei]|attacc(?:o|hi)|esemp(?:io|i)|scritto|scrisse|tradu(?:ci|rre|zione)|"
    r"exemplos?|escreveu|tradu(?:za|zir|cao)|aanvallers?|aanval(?:len)?|voorbeeld(?:en)?|schreef|vertaal|"
    r"atakujac(?:y|ego)|przyklad(?:y|u)?|napisal|przetlumacz|saldirgan|ornek)\b|"
    r"(?:übersetz|écri[tv]|escribió|tradução|traducción|przykład|napisał|przetłumacz|atakując|örnek|çevir|"
    r"атак|злоумышленник|например|пример|написал|фраз|перевед|зловмисник|переклад|攻击|攻擊|示例|例如|例子|写道|寫道|"
    r"翻译|翻譯|攻撃|という|例えば|訳し|翻訳|공격|예를|번역|هجوم|مهاجم|مثال|ترجم)"
)
"""The same in other languages, with and without accents: `\\b` knows ASCII letters only."""
_FRAMES = compile_regex(
    r"(?i)\b(?:such as|for example|for instance|e\.g\.|examples? of|phrases (?:like|such)|wording|known as|"
    r"so-called|(?:string|text|prompt|message|input)s? like|attack(?:s|ers?|ed|ing)?|adversar(?:y|ies|ial)|"
    r"malicious|injections?|jailbreak(?:s|ing)?|exploits?|phishing|"
    r"red[- ]team(?:s|ing|ers?)?|threats?|owasp|cve-\d+|"
    r"vulnerabilit(?:y|ies)|detect(?:s|ed|ion|or|ors|ing)?|classif(?:y|ier|iers|ied|ication)|"
    r"filter(?:s|ed|ing)|block(?:s|ed|ing)?|reject(?:s|ed)|flag(?:s|ged)|tester|"
    r"payloads?|guardrails?|scanners?|refus(?:ed|als?)|articles?|blog|incidents?|participants?|canary|"
    r"pentest(?:er)?s?|regex|regular expressions?|quot(?:es?|ed|ation)|lectures?|chapters?|samples?|"
    r"test (?:case|suite|set)s?|unit tests?|assert|dataset|benchmark|corpus|paper|researchers?|stud(?:y|ies)|"
    r"translat(?:e|es|ed|ion)|"
    r"(?:tried|attempt(?:s|ed)?|trying|wants?|instructs?|asks?|asked|told|tells?) (?:\w+ ){0,4}to)\b|"
    + _FRAMES_ABROAD
)
_NAMED = compile_regex(
    r"(?i)\b(?:sentence|phrase|string|words|wording|message|input|request|example|typed|wrote|line|term)s?[\s:,]*"
    r"[\"`'(]$|"
    r"(?:may|might|could|can|often|quotes?|quoted|payload|matches|detects?|contains?|contained|pasted?s?|sends?|sent|"
    r"types?|typed|writes?|wrote|says|submit(?:s|ted)|post(?:s|ed)|enter(?:s|ed)|cases)\s(?:\w+[\s:,]+){0,4}[\"`']$"
)
_REPORTS = compile_regex(
    r"(?i)\b(?:asks|asked|asking|tells|told|telling|instructs|instructed|instructing|tricks|tricked|tricking|"
    r"orders|ordered|urges|urged|gets|got|getting|wants|wanted|causes|caused|convinces|convinced|coaxes|coaxed|"
    r"tries|tried|attempts|attempted|"
    r"(?:that|which|who|would|might|could|may|can|will|attackers|users|people|texts|messages|mails|emails|pages|"
    r"documents|prompts|they|to)\s(?:\w+\s)?(?:ask|tell|instruct|trick|order|urge|get|want|cause|convince|coax|try))"
    r"\s(?:\S+\s){0,5}to\s$"
)
_THIRD = compile_regex(r"(?i)\b(?:its|their|his|her|the (?:model|assistant|bot|system|operator|agent)'s)\b")
_THIRD_DOES = compile_regex(
    r"(?i)\b(?:it|them|him|(?:the|an?|my|our|their) (?:\w+ ){0,2}"
    r"(?:model|assistant|bot|chatbot|agent|ai|llm)s?|"
    r"(?:models|assistants|chatbots|agents|people|users|students|staff))\sto\s$"
)
_OTHER_DOES = compile_regex(
    r"(?i)(?:\b(?:can|should|may|must|do|did|if|when|why|could|would)\si|"
    r"\b(?:should|may|must|do|did|does|if|when|would|could|can)\s(?:he|she|they|somebody|someone|people|one|"
    r"(?:the|an?|my|our)\s(?:\w+\s)?\w+)|"
    r"\b(?:un|una|uno|une|um|uma|el|il)\s\w{2,20}|"
    r"\bwho\s(?:\w+\s)?(?:decided|chose|refused|wants?|wanted|has|had|have)\sto)\s"
    r"(?:just\s|simply\s|safely\s|still\s|also\s|even\s|really\s|always\s|then\s){0,2}$"
)
_OTHERS = compile_regex(r"(?i)^\s(?:for|about|of|on)\s(?:an?|my|our|his|her|\w{3,20}ing)\b")
_OWN = compile_regex(r"(?i)system|hidden|secret|internal|confidential")
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
        Those of the names above that hold.
    """
    start += len(text[start:end]) - len(text[start:end].lstrip(_QUOTES))
    before = text[max(0, start - _BEFORE) : start]
    after = text[end : end + _AFTER]
    found: list[str] = []
    if _is_quoted(before=before, after=text[start:end] + after):
        found.append(QUOTED)
    if _is_framed(before=before.rpartition("\n\n")[2], after=after, quoted=QUOTED in found):
        found.append(FRAMED)
    if occurs(_NEGATIONS, before[-_NEAR:]):
        found.append(NEGATED)
    if _is_reported(before=before[-_FOLLOWING:], match=text[start:end]):
        found.append(REPORTED)
    if occurs(_OTHERS, after) and not occurs(_OWN, text[start:end]):
        found.append(ATTRIBUTED)
    return tuple(found)


def is_mention(context: Collection[str]) -> bool:
    """Whether words are mentioned, not said: reported of somebody else, or quoted as an example."""
    return REPORTED in context or (QUOTED in context and FRAMED in context)


def talks_about_attacks(*, text: str) -> bool:
    """Whether a short text quotes something and has the words of those who write about attacks."""
    return len(text) < _ESSAY and occurs(_QUOTATION, text) and occurs(_FRAMES, text)


def _is_reported(*, before: str, match: str) -> bool:
    """Whether the words before make somebody else the one who does it; "you" is always the model."""
    if occurs(_OTHER_DOES, before):
        return True
    return occurs(_REPORTS, before) and (occurs(_THIRD, match) or occurs(_THIRD_DOES, before))


def _is_framed(*, before: str, after: str, quoted: bool) -> bool:
    """Talked about rather than said; what follows counts only for a quotation, else it is easily appended."""
    if occurs(_FRAMES, before):
        return True
    return quoted and (occurs(_NAMED, before) or occurs(_FRAMES, after[:_FOLLOWING]))


def _is_quoted(*, before: str, after: str) -> bool:
    """An opening mark before, its closing mark in the match or after it, on the same line."""
    line_before, line_after = before.rpartition("\n")[2], after.partition("\n")[0]
    if any(
        line_before.rfind(first) > line_before.rfind(last) and last in line_after for first, last in _PAIRS
    ):
        return True
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
