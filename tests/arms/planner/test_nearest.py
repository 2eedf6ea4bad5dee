"""Goals whose words tell nothing go the way of the nearest example, with the real embedder."""

from collections.abc import AsyncGenerator

import pytest

from arms.embedding import open_embedder
from arms.planner.nearest import Nearest
from arms.planner.plan import Offer, PlanRequest
from arms.planner.planning import make_plan
from arms.planner.shapes import Kind
from arms.step import Brief
from arms.testing.scripted import scripted_layer

OURS = ("text_generation", "code_generation", "document_answer", "code_execution")
OFFERS = (
    *(Offer(name=name, description=name) for name in OURS),
    Offer(name="weather_forecast", description="Forecasts the weather of a place."),
)
GOALS: dict[str, Kind | str] = {
    "An obituary for my goldfish": Kind.PROSE,
    "Shorter version of the text": Kind.PROSE,
    "Spanish translation of the notice": Kind.PROSE,
    "Speech for a wedding": Kind.PROSE,
    "Docstrings for my functions": Kind.CODE,
    "A decorator that measures time": Kind.CODE,
    "A shell script for backups": Kind.CODE,
    "Pytest for the login function": Kind.CODE,
    "Parental leave rules in our handbook": Kind.RESEARCH,
    "What do the stored contracts say about liability?": Kind.RESEARCH,
    "Passages on fire safety in the manuals": Kind.RESEARCH,
    "Greatest common divisor of 1071 and 462": Kind.COMPUTE,
    "Mean and median of 4, 8, 15, 16, 23, 42": Kind.COMPUTE,
    "The 1000th prime number": Kind.COMPUTE,
    "weather in Lyon tomorrow": "weather_forecast",
    "Will it rain in Oslo this weekend?": "weather_forecast",
}


@pytest.fixture
async def nearest() -> AsyncGenerator[Nearest]:
    async with open_embedder("wordllama") as embedder:
        yield Nearest(embedder=embedder)


async def test_most_goals_find_their_kind_and_hardly_one_a_wrong_one(nearest: Nearest) -> None:
    found = {goal: await nearest.kind_of(goal, offers=OFFERS) for goal in GOALS}
    right = sum(found[goal] == kind for goal, kind in GOALS.items())
    wrong = {goal: kind for goal, kind in found.items() if kind not in {None, GOALS[goal]}}
    assert right >= len(GOALS) // 2, found
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize(
    ("goal", "context", "capabilities", "method"),
    [
        ("weather in Lyon tomorrow", "", ["weather_forecast"], "rule"),
        ("The 1000th prime number", "", ["code_generation", "code_execution"], "rule"),
        # What is in the context only who reads it can tell: the model is asked, which is not here.
        ("The 1000th prime number", '{"a": 1}', ["text_generation"], "rule"),
        ("zxqv", "", ["text_generation"], "rule"),
    ],
)
async def test_plans_by_example(
    nearest: Nearest, goal: str, context: str, capabilities: list[str], method: str
) -> None:
    request = PlanRequest(brief=Brief(goal=goal, context_json=context), offers=OFFERS)
    plan = await make_plan(request, model=scripted_layer([]).session(), nearest=nearest)
    assert [step.capability for step in plan.steps] == capabilities
    assert plan.method == method
