import pytest

from arms.coder.fences import (
    find_blocks,
    without_blocks,
    without_outer_fence,
    without_tags,
    words_after_block,
)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("```python\na = 1\n```", [("python", "a = 1")]),
        ("Here:\n\n```py\na\n```\nand\n~~~JS\nb\n~~~", [("python", "a"), ("javascript", "b")]),
        ("```\na\n```", [("", "a")]),
        ("````md\n```\ninner\n```\n````", [("md", "```\ninner\n```")]),
        ("```python\ncut off", [("python", "cut off")]),
        ("no code", []),
        ("a ``` b", []),
    ],
)
def test_blocks_are_found(text: str, blocks: list[tuple[str, str]]) -> None:
    assert [(block.language, block.code) for block in find_blocks(text)] == blocks


def test_the_words_around_the_blocks_are_the_explanation() -> None:
    assert without_blocks("Before.\n```\na\n```\nAfter.") == "Before.\n\nAfter."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```markdown\nHello\n```", "Hello"),
        ("```\nHello\n```", "Hello"),
        ("```python\na\n```", "```python\na\n```"),
        ("Hi\n```\na\n```", "Hi\n```\na\n```"),
        ("Hello", "Hello"),
    ],
)
def test_prose_is_taken_out_of_its_wrapping(text: str, expected: str) -> None:
    assert without_outer_fence(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<result>\nHello\n</result>", "Hello"),
        ("<context>\n<summary>\nHello", "Hello"),
        ("<p>\nHello\n</p>", "<p>\nHello\n</p>"),
        ("Hello <result>", "Hello <result>"),
        ("<result>", ""),
    ],
)
def test_tags_copied_from_the_prompt_go(text: str, expected: str) -> None:
    assert without_tags(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Here it is:", 0),
        ("```python\nx = 1\n", 0),
        ("```python\nx = 1\n```", 0),
        ("Look:\n```python\nx = 1\n```\nIt is 1.", 8),
        ("```python\nx = 1\n```\nAnd:\n```python\ny", 0),
        ("```python\nx = 1\n```\nAnd:\n```python\ny\n```\nDone", 4),
    ],
)
def test_words_after_the_last_block(text: str, words: int) -> None:
    assert words_after_block(text) == words
