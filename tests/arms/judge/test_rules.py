"""What the judge decides by rule, and what it leaves alone."""

import pytest

from arms.judge.rules.decide import decide, parse

SUMMARY = """\
**Summary**
Checkout was down for 47 minutes. The root cause was the pool size.

**Action items**
1. Review configuration changes.
2. Alert on a shorter window.
   It rang nine minutes late.
3. Cap the pool per service.
"""
BULLETS = "- one\n- two\n    - nested\n- three\n"
TWO_LISTS = "Pros:\n- a\n- b\n\nCons:\n- c\n"

CASES = [
    ("lists exactly three action items", SUMMARY, True),
    ("lists exactly two action items", SUMMARY, False),
    ("has at least 2 action items.", SUMMARY, True),
    ("contains three bullet points", BULLETS, True),
    ("has two pros", TWO_LISTS, None),
    ("lists two points", TWO_LISTS, None),
    ("is at most 200 words", SUMMARY, True),
    ("is at most ten words", SUMMARY, False),
    ("The summary must be under 1,000 words", SUMMARY, True),
    ("between 20 and 40 words", SUMMARY, True),
    ("must be 5-10 words long", SUMMARY, False),
    ("no more than 2 sentences", "One. Two, e.g. this one.", True),
    ("no more than 2 sentences", "One! Two? Three.", False),
    ("has exactly three lines", "a\nb\n\nc", True),
    ("is one paragraph", "a\nb", True),
    ("is one paragraph", "a\n\nb", False),
    ("at most 10 characters", " 0123456789 ", True),
    ("fewer than 10 characters", "0123456789", False),
    ("is a maximum of ten words", "one two three", True),
    ('mentions "Pool Size"', SUMMARY, True),
    ('does not mention "Priya"', SUMMARY, True),
    ('must not contain "checkout"', SUMMARY, False),
    ("contains the word 'rollback'", SUMMARY, False),
    ('starts with "**Summary"', SUMMARY, True),
    ('ends with "service."', SUMMARY, True),
    ("matches the regex `\\d+ minutes`", SUMMARY, True),
    ("is valid JSON", '{"a": 1}', True),
    ("is valid JSON", "```json\n[1]\n```", True),
    ("The output must be valid JSON.", "{a: 1}", False),
    ("is a JSON object with the keys name and age", '{"name": 1, "age": 2}', True),
    ("is a JSON object with keys name, age", '{"name": 1}', False),
    ("contains a code block", "x\n```python\n1\n```", True),
    ("contains a code block", "no", False),
    # What no rule understands as a whole is the model's.
    ("mentions the root cause", SUMMARY, None),
    ("is friendly", SUMMARY, None),
    ("explains three reasons why the deploy failed", SUMMARY, None),
    ("is at most 200 words and names the author", SUMMARY, None),
    ("matches the regex `(`", SUMMARY, None),
    ("", SUMMARY, None),
]


@pytest.mark.parametrize(("criterion", "output", "passed"), CASES)
def test_rules_decide_what_they_understand_and_nothing_else(
    criterion: str, output: str, passed: bool | None
) -> None:
    verdict = decide(criterion, output)
    assert (None if verdict is None else verdict.passed) is passed, verdict
    if verdict is not None:
        assert verdict.evidence


def test_a_hostile_criterion_costs_nothing() -> None:
    assert parse("is at most " + "a " * 100_000) is None
    assert decide('mentions "' + "(a+)+" * 50 + '"', "a" * 100_000) is not None
