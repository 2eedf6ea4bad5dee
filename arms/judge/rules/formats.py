"""Criteria about the form: "is valid JSON", "is JSON with the keys a and b", "contains a code block"."""

import json
import re

from arms.judge.rules.finding import Check, RuleVerdict

_SUBJECT = r"(?:(?:the )?(?:output|result|answer|response|it) )?(?:must |should )?(?:be|is)?\s*"
_JSON = re.compile(
    rf"(?i)^{_SUBJECT}(?:a |an )?(?:valid |well-formed )?(?:in )?json(?: (?:object|array|format|document))?$"
)
_KEYS = re.compile(
    rf"(?i)^{_SUBJECT}(?:a |an )?(?:valid )?json(?: object)? "
    r"(?:with|that has|containing) (?:the )?(?:keys?|fields?) (?P<keys>.+)$"
)
_CODE = re.compile(
    r"(?i)^(?:(?:the )?\w+ )?(?:contains?|includes?|has|have) (?:a |at least one )?code (?:block|example)s?$"
)
_FENCE = re.compile(r"(?s)```[^\n]*\n(.*?)```")
_KEY = re.compile(r"[A-Za-z_][\w-]*")


def parse_format(criterion: str) -> Check | None:
    """The check that a criterion means, None when it is not about a form that a rule knows."""
    keys = _KEYS.match(criterion)
    if keys:
        names = [name for name in _KEY.findall(keys.group("keys")) if name not in {"and", "or"}]
        return lambda output: _has_keys(output, names)
    if _JSON.match(criterion):
        return _is_json
    if _CODE.match(criterion):
        return _has_code
    return None


def _load(output: str) -> object:
    """The JSON value of an output, the one in its only code block when it is wrapped in one.

    Raises:
        ValueError: it is not JSON.
    """
    fenced = _FENCE.findall(output)
    return json.loads(fenced[0] if len(fenced) == 1 and output.strip().startswith("```") else output)


def _is_json(output: str) -> RuleVerdict:
    try:
        value = _load(output)
    except ValueError as error:
        return RuleVerdict(passed=False, evidence=f"not JSON: {error}")
    return RuleVerdict(passed=True, evidence=f"parses as JSON: {type(value).__name__}")


def _has_keys(output: str, names: list[str]) -> RuleVerdict:
    try:
        value = _load(output)
    except ValueError as error:
        return RuleVerdict(passed=False, evidence=f"not JSON: {error}")
    missing = [name for name in names if not isinstance(value, dict) or name not in value]
    evidence = f"missing: {', '.join(missing)}" if missing else f"has {', '.join(names)}"
    return RuleVerdict(passed=not missing, evidence=evidence)


def _has_code(output: str) -> RuleVerdict:
    blocks = len(_FENCE.findall(output))
    return RuleVerdict(passed=blocks > 0, evidence=f"{blocks} code blocks")
