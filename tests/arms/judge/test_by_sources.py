"""Citations are looked up: marks, quotes and words in quotation marks."""

import pytest

from arms.judge.by_sources import decide_by_sources
from arms.judge.verdict import JudgeRequest
from arms.step import Brief, Citation, StepInput

PASSAGES = (
    "[1] Handbook, Backups\nBackups run every night at two o'clock.\n\n"
    "[2] Handbook, Keys\nKeys are rotated twice a year by the platform team."
)
INPUTS = (StepInput(step_id="s1", name="Search", output=PASSAGES),)
REAL = Citation(document_id="d", quote="Keys are rotated twice a year")
INVENTED = Citation(document_id="d", quote="Keys are rotated every day")


@pytest.mark.parametrize(
    ("output", "citations", "passed", "evidence"),
    [
        ("Nightly [1], and keys twice a year [2].", (), True, "The passages [1], [2] are there."),
        ("Nightly [1, 3].", (), False, "cites [3]"),
        ("See [the site](http://x) and [1](http://y).", (), False, "cites nothing"),
        ("It says “backups run every night” [1].", (), True, "1 quote stand in the sources"),
        ('It says "backups run every other night".', (), False, "No source says"),
        ('The "night" job runs.', (), False, "cites nothing"),
        ("Twice a year.", (REAL,), True, "word for word"),
        ("Daily.", (REAL, INVENTED), False, 'No source says "Keys are rotated every day"'),
    ],
)  # fmt: skip
def test_citations(output: str, citations: tuple[Citation, ...], *, passed: bool, evidence: str) -> None:
    request = JudgeRequest(brief=Brief(), output=output, inputs=INPUTS, citations=citations)
    found = decide_by_sources("Every citation exists in the sources.", request=request)
    assert found
    assert (found.passed, evidence in found.evidence) == (passed, True), found.evidence


@pytest.mark.parametrize(
    "criterion",
    [
        "All citations exist in the sources",
        "the citations must exist",
        "citations are real",
        "quotes appear verbatim in the source",
        "every quote is found in the given documents",
        "cites only existing sources",
        "cites only sources that exist",
        "contains citations",
    ],
)
def test_ways_to_say_it(criterion: str) -> None:
    request = JudgeRequest(brief=Brief(), output="Nightly [1].", inputs=INPUTS)
    assert decide_by_sources(criterion, request=request) is not None


@pytest.mark.parametrize(
    "criterion", ["cites the handbook", "has no citations", "the sources are good", "is real"]
)
def test_other_criteria_are_left_to_others(criterion: str) -> None:
    request = JudgeRequest(brief=Brief(), output="Nightly [1].", inputs=INPUTS)
    assert decide_by_sources(criterion, request=request) is None


def test_without_sources_nothing_can_be_looked_up() -> None:
    request = JudgeRequest(brief=Brief(), output="Nightly [1].", citations=(REAL,))
    assert decide_by_sources("citations exist", request=request) is None


def test_the_context_is_a_source() -> None:
    brief = Brief(context_json='{"note": "Backups run every night at two."}')
    request = JudgeRequest(brief=brief, output='It says "backups run every night at two".')
    found = decide_by_sources("citations exist in the context", request=request)
    assert found
    assert found.passed
