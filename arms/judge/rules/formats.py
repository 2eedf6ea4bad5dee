"""Formats: JSON, code, lists, case."""

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any, cast

import orjson

from arms.json_schema import schema_violation
from arms.judge.rules import reading
from arms.judge.rules.rule import Finding, Rule, rule, shortened

_BE = r"(?:is|be|are|consists?\s+of|returns?|contains?\s+only)\s+"
_JSON_KINDS: dict[str, type] = {"object": dict, "array": list, "list": list}
_NAMES = {"py": "python", "js": "javascript", "ts": "typescript", "sh": "bash", "shell": "bash"}


def _parsed(output: str) -> tuple[Any, str]:
    """The output as JSON, or as the JSON of its only code block; and what is wrong with it."""
    blocks = reading.code_blocks(output)
    text = blocks[0].code if len(blocks) == 1 and not reading.without_code(output).strip() else output
    try:
        return orjson.loads(text), ""
    except orjson.JSONDecodeError as error:
        return None, f"The output is no valid JSON: {error.msg} at line {error.lineno}."


def _json(match: re.Match[str], output: str) -> Finding:
    value, trouble = _parsed(output)
    if trouble:
        return Finding(passed=False, evidence=trouble)
    kind = (match["kind"] or "").lower()
    if kind and not isinstance(value, _JSON_KINDS[kind]):
        return Finding(passed=False, evidence=f"The output is JSON, and no {kind}.")
    missing = _missing_keys(value, wanted=match["keys"] or "")
    if missing:
        return Finding(passed=False, evidence=f"The JSON has no {', '.join(missing)}.")
    return Finding(passed=True, evidence="The output is valid JSON of that form.")


def _missing_keys(value: object, *, wanted: str) -> list[str]:
    names = re.findall(r"[\"'`\u201c]?([\w.-]+)[\"'`\u201d]?", re.sub(r"\band\b", " ", wanted))
    keys = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return [name for name in names if name not in keys]


def _json_schema(match: re.Match[str], output: str) -> Finding | None:
    try:
        schema = orjson.loads(match["schema"])
    except orjson.JSONDecodeError:
        return None
    value, trouble = _parsed(output)
    if trouble:
        return Finding(passed=False, evidence=trouble)
    violation = schema_violation(value, schema=schema)
    if violation is None:
        return None
    return Finding(passed=not violation, evidence=violation or "The output is JSON that fits the schema.")


def _code_block(match: re.Match[str], output: str) -> Finding:
    language = (match["language"] or "").lower()
    blocks = reading.code_blocks(output)
    fitting = [block for block in blocks if not language or _named(block.language) == _named(language)]
    if not fitting:
        said = (
            f"; its blocks are: {', '.join(b.language or 'without a language' for b in blocks)}"
            if blocks
            else ""
        )
        return Finding(passed=False, evidence=f"The output has no such code block{said}.")
    return Finding(passed=True, evidence=f"It has: {shortened(fitting[0].code, length=80)}")


def _named(language: str) -> str:
    return _NAMES.get(language, language)


def _python(_match: re.Match[str], output: str) -> Finding:
    blocks = [b.code for b in reading.code_blocks(output) if _named(b.language) in {"python", ""}]
    for code in blocks or [output]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return Finding(passed=False, evidence=f"Python cannot parse it: {shortened(str(error))}")
    return Finding(passed=True, evidence="Python parses it.")


def _presence(find: Callable[[str], str], *, what: str) -> Callable[[re.Match[str], str], Finding]:
    def check(match: re.Match[str], output: str) -> Finding:
        found = find(output)
        wanted = match["negation"] is None
        evidence = f"It has {what}: {shortened(found, length=80)}" if found else f"It has no {what}."
        return Finding(passed=bool(found) is wanted, evidence=evidence)

    return check


def _list_of(output: str, *, numbered: bool | None = None) -> str:
    blocks = [block for block in reading.lists(output) if numbered is None or block.numbered is numbered]
    return blocks[0].items[0] if blocks else ""


def _match(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.IGNORECASE | re.MULTILINE)

    def find(output: str) -> str:
        found = compiled.search(output)
        return found[0] if found else ""

    return find


def _case(match: re.Match[str], output: str) -> Finding:
    upper = match["case"].lower().startswith(("upper", "capital", "caps"))
    letters = [character for character in output if character.isalpha()]
    wrong = [c for c in letters if (c.islower() if upper else c.isupper())]
    return Finding(
        passed=not wrong, evidence=f"{len(wrong)} of {len(letters)} letters are in the other case."
    )


def _question(_match: re.Match[str], output: str) -> Finding:
    text = output.strip()
    return Finding(passed=text.endswith("?"), evidence=f"It ends: {shortened(text[-60:], length=60)}")


def _has(what: str) -> str:
    """A pattern for: has X, uses X, does not contain X, has no X."""
    return (
        r"(?:(?P<negation>(?:does\s+not|doesn't|do\s+not|must\s+not|not|never)\s+(?:have|contain|include|use)|"
        r"(?:has|have|contains?|includes?|uses?)\s+no|avoids?|without)|(?:has|have|contains?|includes?|uses?|is|be|"
        rf"is\s+(?:written|formatted)\s+(?:as|in|with)|in))\s+(?:any\s+|an?\s+|some\s+|the\s+)?(?:{what})"
    )


FORMAT_RULES: tuple[Rule, ...] = (
    rule(
        "JSON",
        rf"(?:{_BE})?(?:only\s+)?(?:an?\s+)?(?:valid\s+|well-formed\s+|parseable\s+)?json"
        r"(?:\s+(?P<kind>object|array|list))?"
        r"(?:\s+(?:with|that\s+has|having|containing)\s+(?:the\s+)?(?:keys?|fields?|properties)\s+(?P<keys>.+))?",
        _json,
    ),
    rule(
        "JSON Schema",
        r"(?:is\s+(?:valid\s+)?json\s+that\s+)?(?:match(?:es)?|fits|satisf(?:ies|y)|conforms?\s+to|validates?\s+against)"
        r"\s+(?:the\s+|this\s+)?(?:json\s+)?schema:?\s*(?P<schema>\{.*\})",
        _json_schema,
    ),
    rule(
        "code block",
        r"(?:has|have|contains?|includes?|is|be|in)\s+(?:in\s+)?(?:an?\s+|one\s+)?(?:fenced\s+)?"
        r"(?P<language>[\w+#]+)?\s*(?:fenced\s+)?code\s+(?:block|fence|snippet)",
        _code_block,
    ),
    rule(
        "Python",
        r"(?:(?:is|be|contains?|has)\s+)?(?:syntactically\s+)?(?:valid|correct|parseable)\s+python(?:\s+code)?"
        r"(?:\s+syntax)?",
        _python,
    ),
    rule(
        "bullet list",
        _has(r"bullet\s*points|bullets|bullet(?:ed)?\s+list"),
        _presence(lambda output: _list_of(output, numbered=False), what="bullet points"),
    ),
    rule(
        "numbered list",
        _has(r"numbered\s+(?:list|items|steps)"),
        _presence(lambda output: _list_of(output, numbered=True), what="numbered items"),
    ),
    rule("list", _has(r"lists?|enumerations?"), _presence(_list_of, what="list")),
    rule(
        "headings",
        _has(r"headings?|headers?|title"),
        _presence(lambda output: next(iter(reading.headings(output)), ""), what="heading"),
    ),
    rule(
        "table",
        _has(r"(?:markdown\s+)?tables?"),
        _presence(_match(r"^\s*\|?[ :|-]*-{3,}[ :|-]*\|[ :|-]*$"), what="table"),
    ),
    rule(
        "links", _has(r"(?:urls?|links?|hyperlinks?)"), _presence(_match(r"https?://[^\s)>\]]+"), what="link")
    ),
    rule(
        "e-mail address",
        _has(r"e-?mail\s+address(?:es)?"),
        _presence(_match(r"[\w.+-]+@[\w-]+\.[\w.-]+"), what="e-mail address"),
    ),
    rule("digits", _has(r"(?:digits|numerals)"), _presence(_match(r"\d"), what="digit")),
    rule(
        "exclamation marks",
        _has(r"exclamation\s+(?:marks?|points?)"),
        _presence(_match(r"!"), what="exclamation mark"),
    ),
    rule(
        "case",
        r"(?:is|be)\s+(?:written\s+)?(?:in\s+)?(?:all\s+|only\s+|entirely\s+(?:in\s+)?)?"
        r"(?P<case>upper\s?-?case|lower\s?-?case|capitals|capital\s+letters|caps)",
        _case,
    ),
    rule("ends with a question", r"ends?\s+with\s+a\s+question(?:\s+mark)?", _question),
)
"""Checks of formats."""
