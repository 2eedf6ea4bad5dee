"""What the judge decides by rule, and what it leaves alone."""

import pytest

from arms.judge.rules.decide import decide

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

NESTED = """\
1. **Root cause**: the certificate expired.
2. **Action items**:
   - Renew it.
   - Watch it.
   - Test it.
"""
LABELLED = "**Action item 1:** call\n\n**Action item 2:** write\n\n**Action item 3:** test\n"

CASES = [
    ("lists exactly three action items", SUMMARY, True),
    ("lists exactly two action items", SUMMARY, False),
    ("has at least 2 action items.", SUMMARY, True),
    ("The summary should contain no more than three action items", SUMMARY, True),
    ("lists exactly three action items", NESTED, True),
    ("lists exactly three action items", LABELLED, True),
    ("lists exactly three action items", "We plan: 1) call, 2) write, 3) test.", True),
    ("lists exactly three action items", "We will call, write and test.", False),
    ("lists the causes", "We will call, write and test.", None),
    ("lists at least one action item", "We will call.", None),
    ("names three action items", "We will call, write and test.", None),
    ("lists exactly two people", BULLETS, False),
    ("names two causes", BULLETS, None),
    ("has 2 sections", "# A\nx\n## B\ny", True),
    ("has exactly 2 code blocks", "```\na\n```\n```py\nb\n```", True),
    ("does not exceed ten words", SUMMARY, False),
    ("word count is below 100", SUMMARY, True),
    ("is 100 words or fewer", SUMMARY, True),
    ("is written in at most 100 words", SUMMARY, True),
    ("is about 35 words", SUMMARY, True),
    ("mentions the root cause", SUMMARY, True),
    ("must mention action items", SUMMARY, True),
    ("mentions the weather", SUMMARY, None),
    ("mentions the root cause", "It must satisfy:\n- mentions the root cause", None),
    ("does not mention checkout", SUMMARY, False),
    ("does not mention any customer", SUMMARY, None),
    ('contains the words "pool" and "window"', SUMMARY, True),
    ('contains "pool" or "harbour"', SUMMARY, True),
    ('contains "pool" and "harbour"', SUMMARY, False),
    ("uses bullet points", SUMMARY, False),
    ("is a numbered list", SUMMARY, True),
    ("does not use bullet points", SUMMARY, True),
    ("has a heading", SUMMARY, True),
    ("contains no links", SUMMARY, True),
    ("contains a link", "see https://example.org/x", True),
    ("contains a Markdown table", "| a | b |\n|---|---|\n| 1 | 2 |", True),
    ("contains a Python code block", "```python\n1\n```", True),
    ("contains a Rust code block", "```python\n1\n```", False),
    ("is valid Python", "def f():\n    return 1", True),
    ("is valid Python", "def f(:", False),
    ("is in upper case", "ALL GOOD", True),
    ("ends with a question", "Shall we?", True),
    ('is JSON that matches the schema {"type": "object", "required": ["a"]}', '{"a": 1}', True),
    ('matches the JSON schema {"type": "array"}', '{"a": 1}', False),
    ('matches the JSON schema {"$ref": "https://example.org/s.json"}', "1", None),
    ('matches the JSON schema {"type": "string", "pattern": "^(a+)+$"}', '"' + "a" * 5000 + '!"', False),
    ("contains three bullet points", BULLETS, True),
    ("has two pros", TWO_LISTS, True),
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
    ("is friendly", SUMMARY, None),
    ("explains three reasons why the deploy failed", SUMMARY, None),
    ("is at most 200 words and names the author", SUMMARY, None),
    # One failed claim of several decides; all must be understood to pass.
    ("is at most 10 words and names the author", SUMMARY, False),
    ("is at most 200 words and lists exactly three action items", SUMMARY, True),
    ('mentions "pool size" and is friendly', SUMMARY, None),
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
    assert decide("is at most " + "a " * 100_000, "x") is None
    assert decide("lists exactly " + "three " * 80 + "items", "x") is None
    assert decide('mentions "' + "(a+)+" * 50 + '"', "a" * 100_000) is not None
