"""A capability that no rule knows is used when the goal names it, and only then."""

import pytest

from arms.planner.naming import named_in
from arms.planner.plan import Offer, PlanRequest
from arms.planner.templates import fallback_for, template_for
from arms.step import Brief

OURS = tuple(Offer(name=name, description="") for name in ("text_generation", "code_generation"))
STRANGE = tuple(
    Offer(name=name, description="")
    for name in ("word_count", "currency_conversion", "ocr", "weather_forecast", "to_do")
)


@pytest.mark.parametrize(
    ("goal", "names"),
    [
        ("word_count of this text", ["word_count"]),
        ("Use word-count on the text", ["word_count"]),
        ("Count the words of this text", ["word_count"]),
        ("How many words does the text count?", ["word_count"]),
        ("A currency conversion of ten euros", ["currency_conversion"]),
        ("Forecast the weather in Lyon", ["weather_forecast"]),
        ("use ocr on the picture", ["ocr"]),
        ("Run `ocr`", ["ocr"]),
        ("What is OCR?", []),
        ("What is left to do?", []),
        ("Summarise this report in 100 words", []),
        ("Count the apples", []),
        ("Write text_generation in capitals", []),
    ],
)
def test_a_goal_names_a_capability_by_its_words(goal: str, names: list[str]) -> None:
    assert [offer.name for offer in named_in(goal, (*OURS, *STRANGE))] == names


@pytest.mark.parametrize(
    ("goal", "capability"),
    [
        ("Count the words of: one two", "word_count"),
        ("Summarise this report", "text_generation"),
        ("Count the words, then do a currency conversion", None),
        ("Count the words, then write a letter about it", None),
    ],
)
def test_one_named_capability_is_a_plan_and_more_need_a_model(goal: str, capability: str | None) -> None:
    plan = template_for(PlanRequest(brief=Brief(goal=goal), offers=(*OURS, *STRANGE)))
    assert (plan and [step.capability for step in plan.steps]) == (capability and [capability])


def test_without_a_model_the_named_capability_does_the_whole() -> None:
    goal = "Count the words, then write a letter about it"
    plan = fallback_for(PlanRequest(brief=Brief(goal=goal), offers=(*OURS, *STRANGE)), why="test")
    assert [step.capability for step in plan.steps] == ["word_count"]
