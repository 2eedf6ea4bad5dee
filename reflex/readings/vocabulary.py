"""The words that a disguise is undone into, and cutting a text without spaces into words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reflex.data_files import data_text

_ENDING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Words of attacks, and common words around them.

    Attributes:
        telling: words that attacks are made of.
        known: those and the common ones.
        lengths: for each last two characters of words how long those words are.
    """

    telling: frozenset[str]
    known: frozenset[str]
    lengths: Mapping[str, Sequence[int]]

    def cut(self, *, letters: str) -> Sequence[str]:
        """Cut letters into known words and, where there are none, what lies between them.

        The cheapest cut by dynamic programming over the ends of words, linear in the letters times the
        lengths of words with the same ending. A letter in no word costs more than a word, so long known
        words win.
        """
        unknown_costs = 3
        best: list[tuple[int, int]] = [(0, 0)]
        for end in range(1, len(letters) + 1):
            choices = [(best[end - 1][0] + unknown_costs, end - 1)]
            lengths = (1, *self.lengths.get(letters[max(0, end - _ENDING) : end], ()))
            choices += [
                (best[end - length][0] + 1, end - length)
                for length in lengths
                if length <= end and letters[end - length : end] in self.known
            ]
            best.append(min(choices))
        pieces: list[str] = []
        end, between = len(letters), False
        while end:
            start = best[end][1]
            known = letters[start:end] in self.known
            if pieces and between and not known:
                pieces[-1] = letters[start:end] + pieces[-1]
            else:
                pieces.append(letters[start:end])
            end, between = start, not known
        return pieces[::-1]


def load_vocabulary() -> Vocabulary:
    """Read the two lists of data/words.txt."""
    telling, common = (
        frozenset(line for line in part.splitlines() if line and not line.startswith("#"))
        for part in data_text("words.txt").split("\n\n", 1)
    )
    known = telling | common
    lengths: dict[str, set[int]] = {}
    for word in known:
        lengths.setdefault(word[-_ENDING:], set()).add(len(word))
    return Vocabulary(
        telling=telling,
        known=known,
        lengths={ending: sorted(some) for ending, some in lengths.items()},
    )
