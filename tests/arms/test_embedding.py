"""The embedder: real weights, vectors of length 1, no network, not on the event loop."""

import asyncio
import math
import threading

import pytest

from arms.embedding import (
    TURN,
    WORDLLAMA,
    EmbedderName,
    Model,
    ThreadedEmbedder,
    open_embedder,
)
from arms.vectors import Vector
from servicekit.errors import UnavailableError, ValidationFailedError


async def test_related_texts_are_nearer_than_unrelated_ones() -> None:
    async with open_embedder("wordllama") as embedder:
        dog, puppy, tax = await embedder.embed(["a dog", "a puppy", "income tax"])
    assert sum(a * b for a, b in zip(dog, puppy, strict=True)) > 0.4
    assert sum(a * b for a, b in zip(dog, tax, strict=True)) < 0.3


async def test_every_text_has_a_vector_of_length_one() -> None:
    texts = ["", " ", "\n", "x", "字😀", "word " * 5000, "\u200b", "\ufffd"]
    async with open_embedder("wordllama") as embedder:
        assert embedder.identity == WORDLLAMA
        vectors = await embedder.embed(texts)
    assert len(vectors) == len(texts)
    for vector in vectors:
        assert len(vector) == WORDLLAMA.dimension
        assert math.hypot(*vector) == pytest.approx(1, abs=1e-4)


async def test_a_batch_gives_what_single_texts_give() -> None:
    texts = [f"text number {n} " * n for n in range(1, 40)]
    async with open_embedder("wordllama") as embedder:
        together = await embedder.embed(texts)
        (alone,) = await embedder.embed(texts[7:8])
    assert list(together[7]) == pytest.approx(list(alone), abs=1e-5)


async def test_an_unknown_embedder_is_told() -> None:
    with pytest.raises(ValidationFailedError, match="word2vec") as refused:
        async with open_embedder("word2vec"):
            pytest.fail("it was opened")
    assert refused.value.constraint == "must be one of wordllama"


async def test_a_model_loads_once_and_beside_the_event_loop() -> None:
    threads: list[int] = []

    def load() -> Model:
        threads.append(threading.get_ident())
        return lambda texts: [[1.0] for _ in texts]

    embedder = ThreadedEmbedder(identity=EmbedderName(name="one", dimension=1), load=load)
    assert await asyncio.gather(*(embedder.embed(["x", "y"]) for _ in range(5))) == [[[1.0], [1.0]]] * 5
    embedder.close()
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


async def test_a_model_that_cannot_be_loaded_is_tried_again() -> None:
    outcomes = [ImportError("no wheel for this machine"), None]

    def load() -> Model:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome
        return lambda texts: [[1.0] for _ in texts]

    embedder = ThreadedEmbedder(identity=EmbedderName(name="one", dimension=1), load=load)
    with pytest.raises(UnavailableError) as refused:
        await embedder.embed(["x"])
    assert refused.value.reason == "EMBEDDER_UNAVAILABLE"
    assert await embedder.embed(["x"]) == [[1.0]]
    embedder.close()


async def test_a_query_does_not_wait_for_a_whole_book() -> None:
    order: list[str] = []

    def model(texts: list[str]) -> list[Vector]:
        order.append(texts[0])
        return [[1.0] for _ in texts]

    embedder = ThreadedEmbedder(identity=EmbedderName(name="one", dimension=1), load=lambda: model)
    book = asyncio.create_task(embedder.embed(["book"] * (TURN * 50)))
    query = asyncio.create_task(embedder.embed(["query"]))
    assert len(await book) == TURN * 50
    assert await query == [[1.0]]
    embedder.close()
    assert order.index("query") < 5
