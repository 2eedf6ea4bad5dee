"""Runs inside, in Python itself: what the small interpreter does not evaluate."""

import ast
import json
import pathlib

from value import as_json  # pyright: ignore[reportMissingImports, reportUnknownVariableType]  # inside it is beside us

EXPRESSION = "expression.py"


def main() -> None:
    """Evaluate the source beside us and write its value beside it."""
    tree = ast.parse(pathlib.Path(EXPRESSION).read_text(encoding="utf-8"), EXPRESSION)
    names = {"__name__": "__main__", **json.loads(pathlib.Path("inputs.json").read_bytes())}
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, EXPRESSION, "exec"), names)  # noqa: S102 - to run it is what the sandbox is for
    value = None
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), EXPRESSION, "eval"), names)  # noqa: S307 - same
    pathlib.Path("value.json").write_text(as_json(value), encoding="utf-8")


if __name__ == "__main__":
    main()
