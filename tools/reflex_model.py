"""The linear model of the reflex's scorer: a text's features as a row, and logistic regression over rows."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reflex.readings.normalise import Normaliser
from reflex.scoring.concepts import Concepts
from reflex.scoring.features import BUCKETS_LOG2, CONCEPT_BUCKETS, concept_grams, hashed, prepared
from reflex.view import View

SIZE = 2**BUCKETS_LOG2 + CONCEPT_BUCKETS
"""Weights: those of n-grams, then those of concepts."""
ORDERS = 3
EPOCHS = 6
RATE = 0.12
DECAY = 2e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A text as the trainer sees it.

    Attributes:
        text: number of the text that it is a window of.
        buckets: weights that it takes part in.
        values: how much of each; the scorer sums weights times values.
        label: 1 for an attack, else 0.
        weight: how much it counts.
        fold: in which it is unseen.
    """

    text: int
    buckets: NDArray[np.int64]
    values: NDArray[np.float32]
    label: float
    weight: float
    fold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained model.

    Attributes:
        table: a weight for each bucket.
        bias: added to every score.
    """

    table: NDArray[np.float32]
    bias: float

    def scores(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """The score of each row."""
        return np.array([float(self.table[row.buckets] @ row.values) + self.bias for row in rows])


class Featuriser:
    """Counts features of texts as the scorer does in one window."""

    def __init__(self, *, concepts: Concepts) -> None:
        self._normaliser = Normaliser()
        self._concepts = concepts

    def features(self, *, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Buckets and values of a text of one window."""
        text = prepared(view=self._normaliser.plain(view=View(text=text, original_length=len(text))))
        _, concepts = concept_grams(text=text, seen=self._concepts.seen(text=text))
        parts = [_counted(np.concatenate(hashed(text=text))), _counted(concepts)]
        buckets = np.concatenate([parts[0][0], parts[1][0] + 2**BUCKETS_LOG2])
        return buckets, np.concatenate([values for _, values in parts])


def _counted(buckets: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    unique, counts = np.unique(buckets, return_counts=True)
    return unique.astype(np.int64), (counts / max(1.0, counts.sum()) ** 0.5).astype(np.float32)


def train(*, rows: Sequence[Row], chance: random.Random) -> Model:
    """The mean of models that saw the rows in different orders: what depends on the order cancels out."""
    models = [_train_once(rows=rows, chance=chance) for _ in range(ORDERS)]
    return Model(
        table=np.mean([model.table for model in models], axis=0),
        bias=float(np.mean([model.bias for model in models])),
    )


def _train_once(*, rows: Sequence[Row], chance: random.Random) -> Model:
    """Logistic regression by Adagrad, one text at a time."""
    table = np.zeros(SIZE, dtype=np.float32)
    squares = np.full(SIZE, 1e-4, dtype=np.float32)
    bias, bias_square = 0.0, 1e-4
    rows = [row for row in rows if row.weight]
    for _ in range(EPOCHS):
        chance.shuffle(rows)
        for row in rows:
            slope = (_sigmoid(float(table[row.buckets] @ row.values) + bias) - row.label) * row.weight
            gradient = slope * row.values + DECAY * table[row.buckets]
            squares[row.buckets] += gradient * gradient
            table[row.buckets] -= RATE * gradient / np.sqrt(squares[row.buckets])
            bias_square += slope * slope
            bias -= RATE * slope / bias_square**0.5
    return Model(table=table, bias=bias)


def _sigmoid(score: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))
