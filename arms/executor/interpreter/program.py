"""How an expression becomes a program of the sandbox, when the small interpreter does not evaluate it."""

import json
from dataclasses import replace
from importlib.resources import files

from arms.executor.interpreter.expression import Expression
from arms.executor.sandbox.outcome import Outcome
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.python import python_program

VALUE = "value.json"


def expression_program(parts: Parts, expression: Expression) -> Program:
    """Return the program that evaluates it in Python and leaves its value as a file."""
    inside = files("arms.executor.interpreter")
    return python_program(
        parts,
        source=inside.joinpath("fallback.py").read_text(),
        files={
            "value.py": inside.joinpath("value.py").read_bytes(),
            "expression.py": expression.source.encode(),
            "inputs.json": json.dumps(dict(expression.inputs)).encode(),
        },
        outputs=(VALUE,),
    )


def with_value(outcome: Outcome) -> Outcome:
    """Read the value out of the files that came back."""
    value = outcome.files.get(VALUE, b"").decode(errors="replace")
    return replace(outcome, files={}, value=value if outcome.exit_code == 0 else "")
