"""Plans: by the goal's words, by the model, and by default; what an invalid plan is refused for."""

from dataclasses import replace
from pathlib import Path

import pytest
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc, execution_pb2, planner_pb2, planner_pb2_grpc

from arms.planner.app import host_planner
from arms.planner.plan import Offer, PlannedStep, PlanRequest, in_order
from arms.planner.shapes import Kind, Shape, shape_of
from arms.planner.templates import template_for
from arms.step import Brief
from servicekit.errors import ConflictError
from tests.arms.wire import channel_to, hosted

OFFERS = (
    Offer(name="text_generation", description="Writes prose from given material."),
    Offer(name="code_generation", description="Writes, mends, tests and explains code."),
    Offer(name="document_search", description="Finds passages in stored documents."),
    Offer(name="code_execution", description="Runs a Python program in a sandbox."),
)


def code(action: str, language: str = "") -> Shape:
    return Shape(kind=Kind.CODE, action=action, language=language)


PROSE, UNCLEAR, RESEARCH = Shape(kind=Kind.PROSE), Shape(kind=Kind.UNCLEAR), Shape(kind=Kind.RESEARCH)

SHAPES = [
    ("Summarise this incident report for the engineering team, with three action items", PROSE),
    ("Please sum up the meeting notes.", PROSE),
    ("Could you please extract all dates from the contract?", PROSE),
    ("Rewrite this paragraph in plain English", PROSE),
    ("At what time does the train leave?", PROSE),
    ("Answer in one word: what colour is the sky on a clear day?", PROSE),
    ("Write an email to the customer about the new function", PROSE),
    ("I need you to draft a letter to the landlord", PROSE),
    ("Translate the text to French", PROSE),
    ("Explain how photosynthesis works", PROSE),
    ("Write a very long story about the sea, at least 3000 words.", PROSE),
    ("Write a Python function that reverses a string", code("generate", "python")),
    ("write a function that sends an email", code("generate")),
    ("Implement quicksort in Rust", code("generate", "rust")),
    ("Fix the bug in this code", code("debug")),
    ("Debug this traceback", code("debug")),
    ("Refactor the class so that it has no globals", code("refactor")),
    ("Write unit tests for the parser in JavaScript", code("test", "javascript")),
    ("Explain this Python script", code("explain", "python")),
    ("Create a SQL query that lists the ten best customers", code("generate", "sql")),
    ("Search our documentation for the retention policy", RESEARCH),
    ("What is the holiday allowance according to the handbook?", RESEARCH),
    ("Onboarding", UNCLEAR),
    ("Write a function that adds numbers, then run it and report the result", UNCLEAR),
    ("1. Search the web\n2. Write a report", UNCLEAR),
]


def request(goal: str, *, feedback: str = "") -> PlanRequest:
    return PlanRequest(brief=Brief(goal=goal), offers=OFFERS, feedback=feedback)


@pytest.mark.parametrize(("goal", "shape"), SHAPES)
def test_the_words_tell_the_shape(goal: str, shape: Shape) -> None:
    assert shape_of(goal) == shape


@pytest.mark.parametrize(
    ("goal", "capabilities"),
    [
        ("Summarise this report", ["text_generation"]),
        ("Write a Python function that reverses a string", ["code_generation"]),
        ("Search our documentation for the retention policy", ["document_search", "text_generation"]),
        ("Onboarding", None),
    ],
)
def test_templates(goal: str, capabilities: list[str] | None) -> None:
    plan = template_for(request(goal))
    assert (plan and [step.capability for step in plan.steps]) == capabilities
    if plan is not None:
        assert in_order(plan.steps, request=request(goal)) == plan.steps
        assert plan.steps[-1].estimated_tokens > 0


def test_research_is_one_step_where_an_arm_answers_from_documents() -> None:
    answers = Offer(name="document_answer", description="Answers from stored documents.")
    plan = template_for(replace(request("Search our docs for the policy"), offers=(*OFFERS, answers)))
    assert plan is not None
    assert [step.capability for step in plan.steps] == ["document_answer"]


def test_a_template_needs_what_it_uses() -> None:
    without_search = replace(request("Search our documentation for X"), offers=OFFERS[:2])
    assert template_for(without_search) is None


def test_feedback_reaches_the_instruction() -> None:
    plan = template_for(request("Summarise this report", feedback="it was in French"))
    assert plan is not None
    assert "it was in French" in plan.steps[0].instruction


def step(step_id: str, *needs: str, capability: str = "text_generation") -> PlannedStep:
    return PlannedStep(
        step_id=step_id, name=step_id, capability=capability, instruction="do", depends_on=needs
    )


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([], "0 steps"),
        ([step(f"s{n}") for n in range(21)], "21 steps"),
        ([step("a"), step("a")], "same id"),
        ([step("a", capability="fly")], "fly, which is not offered"),
        ([step("a", "b")], "depends on b"),
        ([step("a", "b"), step("b", "a")], "circle"),
        ([step("a", "a")], "circle"),
    ],
)
def test_invalid_plans_are_refused(steps: list[PlannedStep], text: str) -> None:
    with pytest.raises(ConflictError, match=text) as caught:
        in_order(steps, request=request("x"))
    assert caught.value.reason == "PLAN_INVALID"


def test_steps_come_after_what_they_need() -> None:
    ordered = in_order([step("c", "a", "b"), step("b", "a"), step("a")], request=request("x"))
    assert [each.step_id for each in ordered] == ["a", "b", "c"]


def plan_request(goal: str, *, max_steps: int = 20) -> planner_pb2.CreatePlanRequest:
    return planner_pb2.CreatePlanRequest(
        task=execution_pb2.TaskBrief(task_id="t", goal=goal),
        capabilities=[
            planner_pb2.OfferedCapability(name=offer.name, description=offer.description) for offer in OFFERS
        ],
        max_steps=max_steps,
    )


async def test_at_the_wire_without_a_model() -> None:
    async with hosted([host_planner()]) as running, channel_to(running, "planner") as channel:
        stub = planner_pb2_grpc.PlannerServiceStub(channel)
        coded = await stub.CreatePlan(plan_request("Write a Python function that reverses a string"))
        unclear = await stub.CreatePlan(plan_request("Frobnicate the quux"))
        executed = [
            event
            async for event in arm_pb2_grpc.ArmServiceStub(channel).Execute(
                arm_pb2.ExecuteRequest(
                    task=execution_pb2.TaskBrief(goal="Summarise this report"),
                    step_id="s",
                    attempt=1,
                    idempotency_key="k",
                    capability="plan",
                    instruction="plan it",
                )
            )
        ]
    assert coded.steps[0].arguments_json == '{"action":"generate","language":"python"}'
    assert (coded.provenance.method, coded.provenance.model) == ("rule", "")
    assert [each.capability for each in unclear.steps] == ["text_generation"]
    assert "MODEL_NOT_READY" in unclear.rationale
    assert '"capability":"text_generation"' in executed[-1].result.output_json


@pytest.mark.model
async def test_at_the_wire_with_the_model(model_state_file: Path) -> None:
    """Whatever a small model plans, what comes out is a valid plan."""
    goals = (
        "Write a Python function that computes primes, then run it and report the result",
        "Find out about our leave policy in the documents and then calculate the days left",
    )
    async with (
        hosted([host_planner()], model_state_file=model_state_file) as running,
        channel_to(running, "planner") as channel,
    ):
        stub = planner_pb2_grpc.PlannerServiceStub(channel)
        plans = [await stub.CreatePlan(plan_request(goal, max_steps=5)) for goal in goals]
    for plan in plans:
        names = [each.step_id for each in plan.steps]
        assert 1 <= len(names) <= 5
        for position, each in enumerate(plan.steps):
            assert each.capability in {offer.name for offer in OFFERS}
            assert set(each.depends_on) <= set(names[:position])
    assert [plan.provenance.method for plan in plans] == ["rule", "model"]
    assert [plan.provenance.usage.model_requests for plan in plans] == [0, 1]
