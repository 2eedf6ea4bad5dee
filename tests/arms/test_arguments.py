"""Arguments that a plan does not give are written by the model, else by rule, and always checked."""

import pytest
from pydantic import BaseModel, Field

from arms.arm import Arm, Capability, Emit
from arms.model.session import ModelSession
from arms.step import Result, Step
from arms.testing import call_arm
from servicekit.errors import ValidationFailedError


class Convert(BaseModel):
    amount: int = Field(ge=1)
    currency: str


TEXT_ONLY = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
WITH_PATTERN = {
    "type": "object",
    "properties": {"code": {"type": "string", "pattern": "^(a+)+$"}},
    "additionalProperties": False,
}


class Teller(Arm):
    arm_id = "teller"
    name = "Teller"
    description = "Tells its arguments."
    capabilities = (
        Capability(name="convert", description="Converts money.", arguments=Convert),
        Capability(name="text_only", description="Takes a text.", arguments=TEXT_ONLY),
        Capability(name="with_pattern", description="Takes a code.", arguments=WITH_PATTERN),
    )

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        given = step.arguments.model_dump() if isinstance(step.arguments, BaseModel) else step.arguments
        return Result(output="told", value=given, confidence=1.0, method="rule")


def test_the_model_writes_what_the_plan_left_out() -> None:
    answer = '{"amount": 10, "currency": "EUR"}'
    called = call_arm(Teller(), "Convert ten euros", capability="convert", model_answers=[answer])
    assert called.value == {"amount": 10, "currency": "EUR"}
    assert called.model_requests == 1


def test_the_model_writes_by_a_schema_too() -> None:
    called = call_arm(Teller(), "Tell hello", capability="text_only", model_answers=['{"text": "hello"}'])
    assert called.value == {"text": "hello"}


def test_given_arguments_need_no_model() -> None:
    called = call_arm(Teller(), "x", capability="convert", arguments={"amount": 1, "currency": "CHF"})
    assert (called.value, called.model_requests) == ({"amount": 1, "currency": "CHF"}, 0)


@pytest.mark.parametrize("answers", [[], ['{"text": 3}'], ["nonsense"]])
def test_one_text_is_the_instruction_when_the_model_cannot_tell(answers: list[str]) -> None:
    called = call_arm(Teller(), "say this", capability="text_only", model_answers=answers)
    assert called.value == {"text": "say this"}


@pytest.mark.parametrize("answers", [[], ['{"amount": 0, "currency": "EUR"}']])
def test_what_nobody_can_tell_is_an_error(answers: list[str]) -> None:
    with pytest.raises(ValidationFailedError, match="needs amount, currency, and no model") as caught:
        call_arm(Teller(), "Convert", capability="convert", model_answers=answers)
    assert caught.value.reason == "ARGUMENTS_MISSING"


@pytest.mark.parametrize(
    ("capability", "arguments", "why"),
    [
        ("text_only", {"text": 3}, "is not of type 'string'"),
        ("text_only", {}, "'text' is a required property"),
        ("with_pattern", {"code": "b"}, "does not match"),
        ("with_pattern", {"code": "a" * 40 + "b"}, "does not match"),  # at once, whatever the pattern
        ("with_pattern", {"other": 1}, "Additional properties"),
    ],
)
def test_arguments_are_held_against_the_schema(
    capability: str, arguments: dict[str, object], why: str
) -> None:
    with pytest.raises(ValidationFailedError, match=why):
        call_arm(Teller(), "x", capability=capability, arguments=arguments)
