"""Examples in a specification, and texts that only look like one."""

import pytest

from arms.programs.examples import as_javascript, edges_of, examples_in


@pytest.mark.parametrize(
    ("text", "examples"),
    [
        ("add(1, 2) returns 3.", ["add(1, 2) == 3"]),
        ("f([1, 2]) == {'a': 1}, and f([]) -> 3.5.", ["f([1, 2]) == {'a': 1}", "f([]) == 3.5"]),
        (">>> rev('abc')\n'cba'\n", ["rev('abc') == 'cba'"]),
        ("`even(7)` is `False`; even(8) should return true", ["even(7) == False", "even(8) == True"]),
        ("fib(10) gives 55, fib(0) gives 0", ["fib(10) == 55", "fib(0) == 0"]),
        ('words("a, (b") = ("a", "b")', ["words(\"a, (b\") == ('a', 'b')"]),
        ("f(-1) must be -1 when it is odd", ["f(-1) == -1"]),
        ("f(1) => 2\nf(1) => 2", ["f(1) == 2"]),
        ("f(x) returns 3", []),
        ("f(1) returns the number 3", []),
        ("f(1) returns 3 items", []),
        ("f(1) returns 1 or 2", []),
        ("f(1) is a list", []),
        ("f(1) returns x", []),
        ("f(1, key=2) returns 3", []),
        ("obj.f(1) returns 3", []),
        ("f(" + "[" * 400 + " returns 3", []),
        ("", []),
    ],
)  # fmt: skip
def test_examples(text: str, examples: list[str]) -> None:
    assert examples_in([text]) == tuple(f"assert {example}" for example in examples)


def test_of_several_texts_each_once_and_not_too_many() -> None:
    assert examples_in(["f(1) returns 2", "f(1) == 2"]) == ("assert f(1) == 2",)
    assert len(examples_in(["\n".join(f"f({n}) == {n}" for n in range(100))])) == 20


@pytest.mark.parametrize(
    ("example", "javascript"),
    [
        ("assert f(1, 'ü') == [True, None]", 'assert.deepStrictEqual(f(1, "ü"), [true, null]);'),
        ("assert f([1, {'a': 2.5}]) == 'x'", 'assert.deepStrictEqual(f([1, {"a": 2.5}]), "x");'),
    ],
)
def test_javascript(example: str, javascript: str) -> None:
    assert as_javascript(example) == javascript


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("f([1, 2]) returns 3", ["f([])"]),
        ("f('ab', 2) returns 'b'", ["f('', 2)"]),
        ("f(2, {'a': 1}) is 1", ["f(2, {})"]),
        ("f(1) is 1", []),
        ("f('') is 0", []),
        ("f('a') is 1, f('b') is 2, g([0]) is 1", ["f('')", "g([])"]),
    ],
)
def test_each_function_is_called_with_nothing_too(text: str, edges: list[str]) -> None:
    told = edges_of(examples_in([text]))
    assert list(told) == [f"try:\n    {edge}\nexcept ValueError:\n    pass" for edge in edges]
