"""A learned score of injection over n-grams and concepts: a linear model, plain NumPy at run time."""

import math
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from reflex.scoring.concepts import Concepts, lists_digest
from reflex.scoring.features import Buckets, concept_grams, hashed, prepared
from reflex.view import View

WINDOW = 2048
"""Characters scored together; a longer text is scored in windows, half of each in the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A trained model.

    Attributes:
        table: a weight for each bucket of n-grams.
        concepts: a weight for each bucket of concepts.
        bias: added to every score.
        flag_at: score that becomes a confidence of one half.
        sure_at: score that becomes `SURE`.
    """

    table: NDArray[np.float32]
    concepts: NDArray[np.float32]
    bias: float
    flag_at: float
    sure_at: float


SURE = 0.8
"""Confidence at the score that hardly any harmless text reaches; a score never blocks alone."""
MOST = 0.84
"""Confidence of any score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The worst window of a text.

    Attributes:
        confidence: 0-1 that it is an attack.
        start: first character of the window, in the prepared text.
        end: one past its last character.
        of: characters of the prepared text.
    """

    confidence: float
    start: int
    end: int
    of: int


class Scorer:
    """Scores texts.

    Args:
        weights: of the model.
        concepts: as the weights were trained on them.
    """

    def __init__(self, *, weights: Weights, concepts: Concepts) -> None:
        self._weights = weights
        self._concepts = concepts

    def score(self, *, view: View) -> Score:
        """The worst window of a view."""
        text = prepared(view=view)
        scores = window_scores(grams=hashed(text=text), table=self._weights.table, length=len(text))
        places, buckets = concept_grams(text=text, seen=self._concepts.seen(text=text))
        scores += window_sums(places=places, weights=self._weights.concepts[buckets], windows=len(scores))
        worst = int(np.argmax(scores))
        start = worst * (WINDOW // 2)
        return Score(
            confidence=self._confidence(float(scores[worst]) + self._weights.bias),
            start=start,
            end=min(len(text), start + WINDOW),
            of=len(text),
        )

    def _confidence(self, score: float) -> float:
        """A logistic curve through the two points that were set on harmless texts."""
        weights = self._weights
        slope = math.log(SURE / (1 - SURE)) / (weights.sure_at - weights.flag_at)
        exponent = max(-30.0, min(30.0, slope * (score - weights.flag_at)))
        return min(MOST, 1 / (1 + math.exp(-exponent)))


def window_scores(*, grams: list[Buckets], table: NDArray[np.float32], length: int) -> NDArray[np.float64]:
    """The mean-square-normalised sum of weights in each window: sum(w) / sqrt(n), without the bias."""
    half = WINDOW // 2
    windows = max(1, -(-(length - half) // half))
    sums, counts = np.zeros(windows), np.zeros(windows)
    for buckets in grams:
        starts = np.arange(0, len(buckets), half)
        halves = np.add.reduceat(table[buckets], starts, dtype=np.float64)
        sizes = np.minimum(half, len(buckets) - starts)
        for shift in (0, 1):
            taken = min(windows, len(halves) - shift)
            sums[:taken] += halves[shift : shift + taken]
            counts[:taken] += sizes[shift : shift + taken]
    return sums / np.sqrt(np.maximum(counts, 1.0))


def window_sums(
    *, places: NDArray[np.int64], weights: NDArray[np.float32], windows: int
) -> NDArray[np.float64]:
    """The same of weights that stand at places of their own: sum(w) / sqrt(n) in each window."""
    halves = places // (WINDOW // 2)
    sums = np.bincount(halves, weights=weights, minlength=windows + 1)
    counts = np.bincount(halves, minlength=windows + 1)
    in_window = counts[:windows] + counts[1 : windows + 1]
    return (sums[:windows] + sums[1 : windows + 1]) / np.sqrt(np.maximum(in_window, 1))


def load_weights() -> Weights:
    """Read data/scorer.npz: 8-bit weights with one scale, and the points of the curve.

    Raises:
        ValueError: the lists of concepts were changed since the weights were trained.
    """
    with resources.files("reflex").joinpath("data/scorer.npz").open("rb") as file, np.load(file) as stored:
        if str(stored["lists"]) != lists_digest():
            raise ValueError("data/concepts.txt is not what data/scorer.npz was trained on: train it again")
        scale, bias, flag_at, sure_at = (float(number) for number in stored["numbers"])
        table, concepts = (
            stored[name].astype(np.float32) * np.float32(scale) for name in ("table", "concepts")
        )
    return Weights(table=table, concepts=concepts, bias=bias, flag_at=flag_at, sure_at=sure_at)
