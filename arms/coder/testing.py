"""Chooses the tests that code has to pass: the caller's, else the specification's own, else the model's."""

import ast
import re
from dataclasses import dataclass

from arms.coder.fences import find_blocks, words_after_block
from arms.coder.prompts import tests_prompt
from arms.coder.work import CodeAction, CodeWork
from arms.model.session import ModelSession
from arms.programs.examples import as_javascript, edges_of, examples_in
from servicekit.errors import DeadlineError, OctoError

_TOKENS = 300
_MOST = 6

_PYTHON_HEAD = re.compile(r"^(?:async\s+)?(?:def|class)\s.*$", re.MULTILINE)
_JAVASCRIPT_NAME = re.compile(
    r"^(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\*?|class|const|let|var)\s+([A-Za-z_$][\w$]*).*$",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True)
class Tests:
    """Tests, and who wrote them; see `Check`."""

    text: str = ""
    by: str = ""


async def choose_tests(work: CodeWork, *, code: str, language: str, model: ModelSession) -> Tests:
    """Choose the tests for code that was just written.

    Raises:
        DeadlineError: the caller's deadline passed.
    """
    if work.tests.strip():
        return Tests(text=work.tests, by="caller")
    if found := _examples(work, code=code, language=language):
        return Tests(text=found, by="specification")
    if not defined_names(code, language=language):
        return Tests()  # a program, not functions: it is run as it is
    try:
        text = await _by_model(work, code=code, language=language, model=model)
    except DeadlineError:
        raise
    except OctoError:
        return Tests()  # such as a budget that is used up: the code is what was asked for
    return Tests(text=text, by="model") if text else Tests()


def defined_names(code: str, *, language: str) -> frozenset[str]:
    """The functions and classes that code defines at its top."""
    if language == "javascript":
        return frozenset(match[1] for match in _JAVASCRIPT_NAME.finditer(code))
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in body if isinstance(node, kinds))


def _examples(work: CodeWork, *, code: str, language: str) -> str:
    """Examples that the specification gives of what the code defines."""
    names = defined_names(code, language=language)
    texts = (work.instruction, work.brief.goal, *work.brief.constraints, *work.brief.acceptance_criteria)
    examples = [
        example
        for example in examples_in(texts)
        if example.removeprefix("assert ").partition("(")[0] in names
    ]
    if language == "javascript":
        return "\n".join(map(as_javascript, examples))
    return "\n".join([*examples, *edges_of(examples)])


async def _by_model(work: CodeWork, *, code: str, language: str, model: ModelSession) -> str:
    heads = (_JAVASCRIPT_NAME if language == "javascript" else _PYTHON_HEAD).finditer(code)
    signatures = "\n".join(match[0] for match in heads)
    answer = await model.text(
        tests_prompt(work, code=signatures, language=language),
        max_tokens=_TOKENS,
        stop=lambda text: words_after_block(text) > 0,
    )
    blocks = find_blocks(answer.text)
    text = "\n".join(block.code for block in blocks) if blocks else answer.text
    names = defined_names(code, language=language)
    if language == "javascript":
        return "\n".join(_javascript_asserts(text, names=names))
    return "\n".join(_python_asserts(text, names=names))


def _python_asserts(text: str, *, names: frozenset[str]) -> list[str]:
    """The asserts of a text that call what the code defines, and nothing else of it."""
    try:
        nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    fitting = [node for node in nodes if _free_names(node) & names and _free_names(node) <= names | _BUILTINS]
    return [ast.unparse(node) for node in fitting][:_MOST]


_BUILTINS = frozenset(("len", "sorted", "list", "set", "tuple", "dict", "round", "abs", "sum", "str", "int"))


def _free_names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _javascript_asserts(text: str, *, names: frozenset[str]) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("assert")]
    called = [line for line in lines if any(re.search(rf"\b{re.escape(name)}\b", line) for name in names)]
    return [line for line in called if line.endswith((")", ");"))][:_MOST]


def can_characterise(action: CodeAction) -> bool:
    """Whether the code to work on shows what the new code must do."""
    return action is CodeAction.REFACTOR


def kept(tests: Tests, *, failure: str) -> Tests:
    """Those of the model's tests that code which is right did not fail."""
    left = [line for line in tests.text.splitlines() if line[:200] not in failure]
    return Tests(text="\n".join(left), by=tests.by) if left else Tests()
