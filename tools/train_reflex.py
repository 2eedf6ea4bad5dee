"""Trains the reflex's scorer on the tuning parts of public sets and writes reflex/data/scorer.npz."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reflex.features import BUCKETS_LOG2, hashed, prepared
from reflex.normalise import Normaliser
from reflex.scorer import WINDOW
from reflex.view import View
from tools import reflex_grammar
from tools.reflex_sets import Sample, fetch, load

OUTPUT = Path(__file__).parent.parent / "reflex" / "data" / "scorer.npz"
GENERATED = 11000
LOOK_ALIKES = 9000
SHORT = 400
"""Characters of the harmless texts that attacks are put into."""
EPOCHS = 6
RATE = 0.12
DECAY = 2e-6
HARD_WEIGHT = 4.0
"""Weight from which a harmless text was written to be hard."""
CALIBRATION = 0.15
HARD_CALIBRATION = 0.35
FLAG_QUANTILE, SURE_QUANTILE = 0.9975, 0.9996
HARD_QUANTILE = 0.95
"""Shares of harmless texts below the score that flags, and below the one that is nearly certain."""
SEED = 20261123


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A text as the trainer sees it."""

    buckets: NDArray[np.int64]
    counts: NDArray[np.float32]
    total: float
    label: float
    weight: float
    hard: bool
    calibration: bool


def main() -> None:
    """Fetch, train, calibrate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--directory", type=Path, default=Path(".cache/reflex-sets"), help="where texts are kept"
    )
    arguments = parser.parse_args()
    samples = [s for s in load(directory=fetch(directory=arguments.directory)) if not s.held_out]
    chance = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    rows = _rows(samples=samples, chance=chance)
    table, bias = _train(rows=[row for row in rows if not row.calibration], chance=chance)
    flag_at, sure_at = _calibrate(rows=rows, table=table, bias=bias)
    _write(table=table, bias=bias, flag_at=flag_at, sure_at=sure_at)
    _report(rows=rows, table=table, bias=bias, flag_at=flag_at)


def _rows(*, samples: Sequence[Sample], chance: random.Random) -> list[Row]:
    normaliser = Normaliser()
    harmless = [sample.text for sample in samples if not sample.attack]
    attacks = [sample.text for sample in samples if sample.attack]
    ours = reflex_grammar.attacks(
        count=GENERATED, chance=chance, around=[text for text in harmless if len(text) < SHORT]
    )
    texts = [(sample.text, sample.attack, _weight(sample)) for sample in samples]
    texts += [(text, True, 0.5) for text in ours]
    texts += [(text, False, 1.5) for text in reflex_grammar.harmless(count=LOOK_ALIKES, chance=chance)]
    texts += [(_window(text, chance), True, 0.5) for text in attacks if len(text) > WINDOW // 2]
    balance = len(harmless) / (len(attacks) + len(ours)) * 0.6
    rows = [
        _row(
            text=text,
            attack=attack,
            weight=weight * (balance if attack else 1.0),
            normaliser=normaliser,
            chance=chance,
        )
        for text, attack, weight in texts
    ]
    chance.shuffle(rows)
    return rows


def _weight(sample: Sample) -> float:
    """Few texts written to be hard count for many easy ones."""
    return {
        "own: hard benign": 12.0,
        "own: security writing": 8.0,
        "own: trigger words": 8.0,
        "own: attacks": 4.0,
        "bastion benign": 8.0,
        "own: ordinary requests": 4.0,
    }.get(sample.set, 1.0)


def _window(text: str, chance: random.Random) -> str:
    start = chance.randrange(0, max(1, len(text) - WINDOW // 2))
    return text[start : start + WINDOW // 2]


def _row(*, text: str, attack: bool, weight: float, normaliser: Normaliser, chance: random.Random) -> Row:
    hard = not attack and weight >= HARD_WEIGHT
    view = normaliser.plain(view=View(text=text[:WINDOW], original_length=min(len(text), WINDOW)))
    grams = hashed(text=prepared(view=view))
    buckets, counts = np.unique(np.concatenate(grams), return_counts=True)
    return Row(
        buckets=buckets.astype(np.int64),
        counts=counts.astype(np.float32),
        total=float(counts.sum()) ** 0.5,
        label=float(attack),
        weight=weight,
        hard=hard,
        calibration=chance.random() < (HARD_CALIBRATION if hard else CALIBRATION),
    )


def _train(*, rows: list[Row], chance: random.Random) -> tuple[NDArray[np.float32], float]:
    """Logistic regression by Adagrad, one text at a time."""
    table = np.zeros(2**BUCKETS_LOG2, dtype=np.float32)
    squares = np.full(2**BUCKETS_LOG2, 1e-4, dtype=np.float32)
    bias, bias_square = 0.0, 1e-4
    for epoch in range(EPOCHS):
        chance.shuffle(rows)
        loss = 0.0
        for row in rows:
            probability = _sigmoid(float(table[row.buckets] @ row.counts) / row.total + bias)
            loss -= row.weight * float(np.log(max(1e-9, probability if row.label else 1 - probability)))
            slope = (probability - row.label) * row.weight
            gradient = slope * row.counts / row.total + DECAY * table[row.buckets]
            squares[row.buckets] += gradient * gradient
            table[row.buckets] -= RATE * gradient / np.sqrt(squares[row.buckets])
            bias_square += slope * slope
            bias -= RATE * slope / bias_square**0.5
        print(f"epoch {epoch + 1}: loss {loss / len(rows):.4f}")
    return table, bias


def _sigmoid(score: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))


def _scores(*, rows: Sequence[Row], table: NDArray[np.float32], bias: float) -> NDArray[np.float64]:
    return np.array([float(table[row.buckets] @ row.counts) / row.total + bias for row in rows])


def _calibrate(*, rows: Sequence[Row], table: NDArray[np.float32], bias: float) -> tuple[float, float]:
    """The scores that the chosen shares of unseen harmless texts stay under."""
    harmless = [row for row in rows if row.calibration and not row.label]
    scores = _scores(rows=harmless, table=table, bias=bias)
    hard = scores[[row.hard for row in harmless]]
    flag_at, sure_at = (float(np.quantile(scores, share)) for share in (FLAG_QUANTILE, SURE_QUANTILE))
    flag_at = max(flag_at, float(np.quantile(hard, HARD_QUANTILE)))
    return flag_at, max(sure_at, flag_at + 1.0)


def _write(*, table: NDArray[np.float32], bias: float, flag_at: float, sure_at: float) -> None:
    limit = float(np.quantile(np.abs(table), 0.9999))
    scale = limit / 127
    small = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
    np.savez_compressed(OUTPUT, table=small, numbers=np.array([scale, bias, flag_at, sure_at]))
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")


def _report(*, rows: Sequence[Row], table: NDArray[np.float32], bias: float, flag_at: float) -> None:
    unseen = [row for row in rows if row.calibration]
    scores = _scores(rows=unseen, table=table, bias=bias)
    for label, name in ((1.0, "attacks"), (0.0, "harmless")):
        chosen = scores[[row.label == label for row in unseen]]
        print(f"{name}: {len(chosen)} unseen, {np.mean(chosen >= flag_at):.1%} flagged")


if __name__ == "__main__":
    main()
