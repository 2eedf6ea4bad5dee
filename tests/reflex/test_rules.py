"""Every example of every table, on both engines, and what the tables promise the engine."""

from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]  # widths

import pytest

from reflex.detect import Detector, Wanted
from reflex.findings import Category
from reflex.matching.engine import WIDEST
from reflex.matching.widths import is_local
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


def test_injection_rules_are_narrower_than_the_window_that_re2_sees() -> None:
    wide = {
        rule.id: width(rule) for rule in RULES if rule.category is Category.INJECTION and width(rule) > WIDEST
    }
    assert wide == {}


def test_hardly_a_rule_for_data_reaches_anywhere() -> None:
    data = [rule for rule in RULES if rule.category is not Category.INJECTION]
    assert sum(not is_local(pattern=rule.pattern) for rule in data) < 10


def test_no_validator_decides_on_attacks() -> None:
    """What stands around them does."""
    assert [rule.id for rule in RULES if rule.category is Category.INJECTION and rule.validator] == []


def test_unknown_word_list_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown word list"):
        expand(pattern="%nothing% else", words={"ignore": "ignore"})
