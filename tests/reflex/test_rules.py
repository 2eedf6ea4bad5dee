"""Every example of every table, on both engines, and what the tables promise the engine."""

from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]  # widths

import pytest

from reflex.detect import Detector, Wanted
from reflex.findings import Category
from reflex.group import NARROW, WIDEST, is_narrow
from reflex.rules import Rule, load_rules
from reflex.rules.examples import fill
from reflex.rules.table import expand

RULES = load_rules()
HITS = [pytest.param(rule, fill(hit), id=f"{rule.id} {hit[:9]}") for rule in RULES for hit in rule.hits]
MISSES = [
    pytest.param(rule, fill(miss), id=f"{rule.id} {miss[:9]}") for rule in RULES for miss in rule.misses
]


def found(detector: Detector, text: str) -> set[str]:
    return {finding.rule for finding in detector.detect(text=text, wanted=Wanted())}


@pytest.mark.parametrize(("rule", "text"), HITS)
def test_finds_its_examples(
    rule: Rule, text: str, rules_detector: Detector, plain_detector: Detector
) -> None:
    assert rule.id in found(rules_detector, text)
    assert rule.id in found(plain_detector, text)


@pytest.mark.parametrize(("rule", "text"), MISSES)
def test_leaves_its_counter_examples_alone(
    rule: Rule, text: str, rules_detector: Detector, plain_detector: Detector
) -> None:
    assert rule.id not in found(rules_detector, text)
    assert rule.id not in found(plain_detector, text)


def test_every_rule_has_examples_of_both_kinds() -> None:
    assert [rule.id for rule in RULES if not rule.hits or not rule.misses] == []


PROMISED = {
    Category.PII: """email phone ssn credit_card iban bank_account passport driver_licence ipv4 ipv6 mac
        coordinates url_credentials vin crypto_address date_of_birth""",
    Category.SECRET: """private_key aws gcp azure github gitlab slack stripe openai anthropic huggingface npm
        pypi jwt database_url generic""",
    Category.INJECTION: """ignore_previous prompt_extraction system_role jailbreak encoded_instruction
        delimiter context_switching confusion multilingual chain_of_thought role_reversal authority_appeal
        output_manipulation memory_exfiltration""",
}


@pytest.mark.parametrize("category", list(Category))
def test_every_promised_type_has_a_rule(category: Category) -> None:
    assert set(PROMISED[category].split()) <= {rule.type for rule in RULES if rule.category is category}


def width(rule: Rule) -> int:
    return parser.parse(rule.pattern).getwidth()[1]


def test_rules_are_narrower_than_the_window_that_re2_sees() -> None:
    attacks = {rule for rule in RULES if rule.category is Category.INJECTION}
    narrow = {rule for rule in RULES if rule not in attacks and is_narrow(pattern=rule.pattern)}
    assert {rule.id: width(rule) for rule in attacks if width(rule) > WIDEST} == {}
    assert {rule.id: width(rule) for rule in narrow if width(rule) > NARROW} == {}
    assert len(narrow) > len(RULES) / 3


def test_a_rule_without_end_is_not_narrow() -> None:
    for pattern in ("a+", "[+]b*", r"\d{3,}", "(?:ab){2,}c", "a{200}b{30}"):
        assert not is_narrow(pattern=pattern)
    for pattern in (r"\+[*+]\{3,", "a{3,40}[^]+*]?", "a{200}b{19}"):
        assert is_narrow(pattern=pattern)


def test_no_validator_decides_on_attacks() -> None:
    """What stands around them does."""
    assert [rule.id for rule in RULES if rule.category is Category.INJECTION and rule.validator] == []


def test_unknown_word_list_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown word list"):
        expand(pattern="%nothing% else", words={"ignore": "ignore"})
