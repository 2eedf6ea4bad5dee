"""Goals that act get plans that act, told by plain words; what is less plain is left to others."""

from typing import Any

import pytest

from arms.executor.arguments import CodeArguments, HttpArguments, ShellArguments
from arms.planner.plan import Offer, PlanRequest, in_order
from arms.planner.planning import make_plan
from arms.planner.templates import template_for
from arms.step import Brief
from arms.testing.scripted import scripted_layer

NAMES = (
    "text_generation",
    "code_generation",
    "document_search",
    "document_answer",
    "code_execution",
    "shell_command",
    "http_request",
)
OFFERS = tuple(Offer(name=name, description=name) for name in NAMES)
TAKES = {"code_execution": CodeArguments, "shell_command": ShellArguments, "http_request": HttpArguments}

WRITE_AND_RUN = ["code_generation", "code_execution"]


def request(goal: str, *, offers: tuple[Offer, ...] = OFFERS, **more: Any) -> PlanRequest:
    context = more.pop("context", "")
    return PlanRequest(brief=Brief(goal=goal, context_json=context), offers=offers, **more)


@pytest.mark.parametrize(
    ("goal", "capabilities"),
    [
        ("Compute 17 * 23", ["code_execution"]),
        ("What is (3 + 4) * 12?", ["code_execution"]),
        ("What is 2026?", ["text_generation"]),
        ("What is 5G?", ["text_generation"]),
        ("What is 2026-11-27?", ["text_generation"]),
        ("What is 24/7?", ["text_generation"]),
        ("What is 4x4?", ["text_generation"]),
        ("What is 7 / 2?", ["code_execution"]),
        ("What is (1+2)/3?", ["code_execution"]),
        ("What is 3,5 * 2?", ["text_generation"]),
        ("Execute this:\n```python\nprint(1)\n```", ["code_execution"]),
        ("Run this:\n```js\nconsole.log(1)\n```", ["code_execution"]),
        ("Run `sort -n`", ["shell_command"]),
        ("Write a Python function that computes primes, then run it and report the result", WRITE_AND_RUN),
        ("Write and run a script that prints the first 20 Fibonacci numbers", WRITE_AND_RUN),
        ("Calculate the sum of the first 100 primes", WRITE_AND_RUN),
        ("Simulate 1000 coin flips in Python and report the share of heads", WRITE_AND_RUN),
        ("Write a function that runs a program", ["code_generation"]),
        ("Fetch https://example.com/a?b=c and summarise it", ["http_request", "text_generation"]),
        ("Download https://example.com/data.json.", ["http_request"]),
        ("Find the passages about travel in the documents", ["document_search"]),
        ("Which documents mention GDPR?", ["document_search"]),
        ("What is the refund policy in our handbook?", ["document_answer"]),
        (
            "Draft an answer to the customer based on our documentation",
            ["document_search", "text_generation"],
        ),
        ("Describe https://example.com", ["text_generation"]),
        ("Fetch https://a.example and https://b.example", None),
        ("Run this:\n```rust\nfn main() {}\n```", None),
        ("Run the numbers", None),
    ],
)
def test_plans(goal: str, capabilities: list[str] | None) -> None:
    plan = template_for(request(goal))
    assert (plan and [step.capability for step in plan.steps]) == capabilities
    for step in plan.steps if plan else ():
        if step.capability in TAKES:
            TAKES[step.capability].model_validate(step.arguments or {}, strict=True)
    assert plan is None or in_order(plan.steps, request=request(goal)) == plan.steps


@pytest.mark.parametrize(
    ("goal", "arguments"),
    [
        ("What is 2^10?", {"source": "2**10", "language": "expression"}),
        ("Calculate 1,234,000 x 3", {"source": "1234000 * 3", "language": "expression"}),
        ("How much is 7 \u00f7 2?", {"source": "7 / 2", "language": "expression"}),
        ("Execute this:\n```\nprint(1)\n```", {"source": "print(1)\n", "language": "python"}),
        ("Run `grep -c 'a b'`", {"argv": ["grep", "-c", "a b"]}),
        ("Fetch https://example.com/x.", {"url": "https://example.com/x"}),
    ],
)
def test_what_is_told_is_in_the_arguments(goal: str, arguments: dict[str, Any]) -> None:
    plan = template_for(request(goal))
    assert plan is not None
    assert plan.steps[0].arguments == arguments


def test_what_is_to_be_computed_from_the_context_is_left_to_who_reads_it() -> None:
    goal = "Calculate the total of the invoice"
    assert template_for(request(goal, context='{"invoice": "3 pens at 2 euros"}')) is None


def test_without_a_sandbox_nothing_is_run() -> None:
    plan = template_for(request("Write a Python function that adds, then run it", offers=OFFERS[:2]))
    assert plan is None or [step.capability for step in plan.steps] == ["code_generation"]


async def test_feedback_gives_the_model_its_say_and_the_rules_stand_in_for_it() -> None:
    answer = (
        '{"steps": [{"name": "look", "capability": "document_search", "instruction": "x", "depends_on": []},'
        '{"name": "tell", "capability": "text_generation", "instruction": "tell", "depends_on": [1]}]}'
    )
    asked = request("Search our docs for the policy", feedback="step answer found nothing")
    plan = await make_plan(asked, model=scripted_layer([answer]).session())
    assert [step.capability for step in plan.steps] == ["document_search", "text_generation"]
    assert plan.method == "model"
    by_rule = await make_plan(asked, model=scripted_layer([]).session())
    assert [step.capability for step in by_rule.steps] == ["document_answer"]
    assert "found nothing" in by_rule.steps[0].instruction
