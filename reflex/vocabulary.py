"""The words that a disguise is undone into, and cutting a text without spaces into words."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Words of attacks, and common words around them.

    Attributes:
        telling: words that attacks are made of.
        known: those and the common ones.
        longest: characters of the longest word.
    """

    telling: frozenset[str]
    known: frozenset[str]
    longest: int

    def cut(self, *, letters: str) -> Sequence[str]:
        """Cut letters into known words and, where there are none, what lies between them.

        The cheapest cut by dynamic programming over the ends of words, linear in the letters times the
        longest word. A letter in no word costs more than a word, so long known words win.
        """
        unknown_costs = 3
        best: list[tuple[int, int]] = [(0, 0)]
        for end in range(1, len(letters) + 1):
            choices = [(best[end - 1][0] + unknown_costs, end - 1)]
            choices += [
                (best[start][0] + 1, start)
                for start in range(max(0, end - self.longest), end)
                if letters[start:end] in self.known
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
    text = resources.files("reflex").joinpath("data/words.txt").read_text(encoding="utf-8")
    telling, common = (
        frozenset(line for line in part.splitlines() if line and not line.startswith("#"))
        for part in text.split("\n\n", 1)
    )
    known = telling | common
    return Vocabulary(telling=telling, known=known, longest=max(map(len, known)))
