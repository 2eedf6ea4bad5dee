"""Redaction: nothing of a finding is left, everything else is untouched, whatever the script."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflex.detect import Detector, Wanted
from reflex.findings import Category, Finding, Severity
from reflex.policy import Policy
from reflex.redact import Redaction, Redactor, TokenVault, merged
from reflex.verdict import judge, redactable

REDACTOR = Redactor(key=b"key", vault=TokenVault())
LETTERS = "aé語שع🙂\u0301\u200d\r\n \t-:\"'"


def finding(start: int, end: int, *, kind: str = "email", severity: Severity = Severity.MEDIUM) -> Finding:
    return Finding(
        category=Category.PII,
        type=kind,
        severity=severity,
        start=start,
        end=end,
        confidence=0.9,
        reason="",
        rule="",
    )


@st.composite
def texts_with_findings(draw: st.DrawFn) -> tuple[str, list[Finding]]:
    text = draw(st.text(min_size=1))
    places = st.integers(0, len(text) - 1)
    pairs = draw(st.lists(st.tuples(places, places), max_size=6))
    return text, [finding(min(a, b), max(a, b) + 1) for a, b in pairs]


@given(texts_with_findings())
def test_everything_outside_the_spans_is_unchanged(case: tuple[str, list[Finding]]) -> None:
    text, findings = case
    inside = {place for found in findings for place in range(found.start, found.end)}
    kept = "".join(character for place, character in enumerate(text) if place not in inside)
    assert REDACTOR.redact(text=text, findings=findings, way=Redaction.REMOVE) == kept


@given(texts_with_findings())
def test_merged_spans_do_not_overlap_and_cover_the_same(case: tuple[str, list[Finding]]) -> None:
    _, findings = case
    spans = merged(findings=findings)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    inside = {place for found in findings for place in range(found.start, found.end)}
    assert {place for span in spans for place in range(span.start, span.end)} == inside


VALUES = [
    "jane.doe@example.org",
    "4111 1111 1111 1111",
    "536-90-4399",
    "AKIAABCDEFGH2345IJKL",
    "203.0.113.77",
]


@given(
    before=st.text(alphabet=LETTERS, max_size=20),
    after=st.text(alphabet=LETTERS, max_size=20),
    value=st.sampled_from(VALUES),
)
def test_no_fragment_of_a_value_is_left_in_any_script(
    before: str, after: str, value: str, rules_detector: Detector
) -> None:
    text = f"{before} {value} {after}"
    findings = rules_detector.detect(text=text, wanted=Wanted(injection=False))
    verdict = judge(findings=findings, policy=Policy())
    clean = REDACTOR.redact(
        text=text, findings=redactable(verdict=verdict, policy=Policy()), way=Redaction.REMOVE
    )
    assert findings
    assert not any(value[start : start + 4] in clean for start in range(len(value) - 3))
    assert clean.startswith(f"{before} ")
    assert clean.endswith(f" {after}".lstrip("\u0301\u200d") if after.strip("\u0301\u200d") else "")


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (Redaction.MASK, "to [EMAIL]!"),
        (Redaction.PARTIAL, "to [EMAIL:...eorg]!"),
        (Redaction.REMOVE, "to !"),
    ],
)
def test_ways(way: Redaction, expected: str) -> None:
    assert REDACTOR.redact(text="to jane@mail.e.org!", findings=[finding(3, 18)], way=way) == expected


def test_partial_shows_nothing_of_short_values() -> None:
    assert REDACTOR.redact(text="1234567", findings=[finding(0, 7)], way=Redaction.PARTIAL) == "[EMAIL]"


def test_hash_is_keyed_and_equal_for_equal_values() -> None:
    def hashed(key: bytes, text: str) -> str:
        redactor = Redactor(key=key, vault=TokenVault())
        return redactor.redact(text=text, findings=[finding(0, len(text))], way=Redaction.HASH)

    assert hashed(b"a", "jane") == hashed(b"a", "jane")
    assert hashed(b"a", "jane") != hashed(b"b", "jane")
    assert hashed(b"a", "jane") != hashed(b"a", "john")


def test_tokens_turn_back_in_their_process_only() -> None:
    ours, other = TokenVault(), TokenVault()
    redacted = Redactor(key=b"", vault=ours).redact(
        text="to jane!", findings=[finding(3, 7)], way=Redaction.TOKEN
    )
    assert "jane" not in redacted
    assert ours.restore(text=redacted) == "to jane!"
    assert other.restore(text=redacted) == redacted


def test_vault_forgets_the_oldest() -> None:
    vault = TokenVault(size=2)
    tokens = [vault.token(value=str(number), type="email") for number in range(3)]
    assert [vault.value(token=token) for token in tokens] == [None, "1", "2"]


def test_vault_is_bounded_in_bytes() -> None:
    vault = TokenVault(memory=25_000)
    tokens = [vault.token(value=f"{number}" * 10_000, type="email") for number in range(4)]
    assert [vault.value(token=token) is None for token in tokens] == [True, True, False, False]


def test_overlapping_findings_take_the_type_of_the_most_severe() -> None:
    findings = [finding(0, 5), finding(3, 9, kind="ssn", severity=Severity.CRITICAL)]
    assert REDACTOR.redact(text="0123456789", findings=findings, way=Redaction.MASK) == "[SSN]9"
