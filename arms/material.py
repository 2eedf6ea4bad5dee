"""A task as sections of a prompt: what is given, as data; what is wanted, as words of the task."""

from typing import Any

import orjson

from arms.model.prompt import Section
from arms.step import Brief, StepInput

_PLAIN_TYPES = (str, int, float, bool)


def given(brief: Brief, *, inputs: tuple[StepInput, ...] = ()) -> tuple[Section, ...]:
    """What the work starts from: the caller's context, then the outputs of earlier steps."""
    context = Section(title="context", text=context_text(brief.context), cuttable=True)
    earlier = (
        Section(title="earlier_result", text=f"{given.name}:\n{given.output}", cuttable=True)
        for given in inputs
    )
    return (context, *earlier)


def wanted(brief: Brief) -> str:
    """What the work must respect and satisfy, as lists; empty when nothing is said."""
    parts = [
        _list("Respect:", brief.constraints),
        _list("The result must satisfy each of these:", brief.acceptance_criteria),
    ]
    return "\n\n".join(part for part in parts if part)


def context_text(context: dict[str, Any]) -> str:
    """The context as a person would lay it out: a name and its value, structures as indented JSON.

    A context of one text is that text alone: names like "text" only distract small models.
    """
    if len(context) == 1 and isinstance(next(iter(context.values())), str):
        return next(iter(context.values())).strip()
    return "\n\n".join(f"{name}:\n{_value(value)}" for name, value in context.items())


def _value(value: Any) -> str:
    if isinstance(value, _PLAIN_TYPES):
        return str(value).strip()
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _list(heading: str, items: tuple[str, ...]) -> str:
    return "\n".join([heading, *(f"- {item}" for item in items)]) if items else ""
