"""How well passages are found, on our own small set; the bounds lie a little under what was measured."""

import pytest

from arms.retriever.documents import SearchMode
from arms.retriever.retriever import Retriever
from tests.arms.retriever.measure import measure, put_passages
from tests.arms.retriever.quality_set import MEANING, PASSAGES, QUESTIONS, WORDS

KINDS = {kind: [question for question in QUESTIONS if question.kind == kind] for kind in (WORDS, MEANING)}


def test_the_set_is_sound() -> None:
    assert len(PASSAGES) >= 30
    assert len(QUESTIONS) >= 15
    assert {question.answer for question in QUESTIONS} <= set(PASSAGES)


@pytest.mark.parametrize(
    ("mode", "kind", "first", "five"),
    [
        (SearchMode.KEYWORD, WORDS, 1.0, 1.0),
        (SearchMode.VECTOR, WORDS, 0.9, 1.0),
        (SearchMode.HYBRID, WORDS, 1.0, 1.0),
        (SearchMode.KEYWORD, MEANING, 0.25, 0.35),
        (SearchMode.VECTOR, MEANING, 0.6, 0.7),
        (SearchMode.HYBRID, MEANING, 0.5, 0.7),
    ],
)
async def test_answers_are_found(
    retriever: Retriever, mode: SearchMode, kind: str, first: float, five: float
) -> None:
    await put_passages(retriever, tenant="t")
    quality = await measure(retriever, KINDS[kind], mode=mode, tenant="t")
    assert quality.hit(1) >= first
    assert quality.hit(5) >= five
