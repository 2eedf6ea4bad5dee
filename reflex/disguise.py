"""Undoes disguises of letters in place: leet, rot13, reversal, letters spaced out or run together."""

import codecs
import string
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from reflex.regex import Regex, compile_regex
from reflex.view import View
from reflex.vocabulary import Vocabulary

_LEET_I = str.maketrans("0134578@$!|+€£9", "oieastbasilteeg")
_LEET_L = str.maketrans("0134578@$!|+€£9", "oleastbasilteeg")
_ROT13 = str.maketrans(
    string.ascii_letters, "".join(codecs.encode(letter, "rot13") for letter in string.ascii_letters)
)
_SEPARATORS = r"[ \t._*|/~,+\-]"
_SPACED = compile_regex(r"(?:\S[ \t]{1,4}){6,}\S")
_DOTTED = compile_regex(rf"(?i)(?:\b[a-z0-9@$!]{_SEPARATORS}{{1,4}}){{4,}}[a-z0-9@$!]\b")
_WITH_ONE = compile_regex(r"\S*1\S*")
_JOINED = compile_regex(r"(?i)[a-z]{24,200}")
_MOST_LETTERS = 4000
"""Letters of one text that are cut into words; enough for any attack, and bounded work for a hostile one."""

_LONGEST_WORD = 18
"""Letters of what is taken for one word; anything longer was written without spaces."""

_SEVERAL = 4
"""Common words that must come out where no telling one does."""

_TO_SPACE = str.maketrans(dict.fromkeys(string.punctuation, " "))


class Disguises:
    """Makes the readings in which a disguised text says what it means; they are scanned for injections only.

    Args:
        vocabulary: words to recognise success by.
    """

    def __init__(self, *, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._undo: Mapping[str, Callable[[View], View | None]] = {
            "leet": self._leet,
            "rot13": self._rot13,
            "reversed": self._reversed,
            "spaced": self._spaced,
            "dotted": self._dotted,
            "joined": self._joined,
        }

    def undo(self, *, view: View, disguises: Sequence[str]) -> Iterator[View]:
        """The view without each of the disguises, where something telling comes out.

        Args:
            view: a plain or folded view.
            disguises: of leet, rot13, reversed, spaced, dotted and joined those to try.
        """
        if not disguises:
            return
        before = self._known_words(view.text)
        for disguise in disguises:
            undone = self._undo[disguise](view)
            if undone is not None and self._tells(text=undone.text, before=before):
                yield undone

    def _known_words(self, text: str) -> set[str]:
        return set(text.lower().translate(_TO_SPACE).split()) & self._vocabulary.known

    def _tells(self, *, text: str, before: set[str]) -> bool:
        """Whether a telling word, or several common ones, come out that were not there."""
        new = self._known_words(text) - before
        return len(new) >= _SEVERAL or bool(new & self._vocabulary.telling)

    def _leet(self, view: View) -> View | None:
        text = view.text.lower()
        if len(text) != len(view.text):
            return None
        return view.derive(text=self._leet_words(text=text), encoding="leet", data_rules=False)

    def _leet_words(self, *, text: str) -> str:
        """Leet undone, reading 1 as the letter that makes each word known."""
        as_i = text.translate(_LEET_I)
        if "1" not in text or len(text) > _MOST_LETTERS:
            return as_i
        as_l = text.translate(_LEET_L)
        known = self._vocabulary.known
        words = [
            (match.start(), match.end(), as_l[match.start() : match.end()])
            for match in _WITH_ONE.finditer(text)
            if as_i[match.start() : match.end()].strip(string.punctuation) not in known
            and as_l[match.start() : match.end()].strip(string.punctuation) in known
        ]
        pieces, last = list[str](), 0
        for start, end, word in words:
            pieces += [as_i[last:start], word]
            last = end
        return "".join([*pieces, as_i[last:]])

    def _rot13(self, view: View) -> View | None:
        return view.derive(text=view.text.translate(_ROT13), encoding="rot13", data_rules=False)

    def _reversed(self, view: View) -> View | None:
        text = view.text[::-1]
        picked = np.arange(len(text) - 1, -1, -1, dtype=np.int32)
        return view.derive(text=text, encoding="reversed", picked=picked, data_rules=False)

    def _spaced(self, view: View) -> View | None:
        return self._rewrite_runs(view=view, runs=_SPACED, separators=" \t", encoding="spaced")

    def _dotted(self, view: View) -> View | None:
        return self._rewrite_runs(view=view, runs=_DOTTED, separators=" \t._*|/~,+-", encoding="spaced")

    def _joined(self, view: View) -> View | None:
        return self._rewrite_runs(view=view, runs=_JOINED, separators="", encoding="joined")

    def _rewrite_runs(self, *, view: View, runs: Regex, separators: str, encoding: str) -> View | None:
        letters = list[str]()
        picked = list[int]()
        last = spent = 0
        for match in runs.finditer(view.text):
            start, end = match.span()
            spent += end - start
            if spent > _MOST_LETTERS:
                break
            letters.append(view.text[last:start])
            picked.extend(range(last, start))
            closed = self._cut_words(letters=_close_up(view.text[start:end], separators))
            letters.append("".join(letter for letter, _ in closed))
            picked.extend(start + place for _, place in closed)
            last = end
        if not spent:
            return None
        text = "".join([*letters, view.text[last:]])
        picked.extend(range(last, len(view.text)))
        return view.derive(
            text=text, encoding=encoding, picked=np.array(picked, dtype=np.int32), data_rules=False
        )

    def _cut_words(self, *, letters: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Put spaces where words end, in parts that came without them."""
        cut = list[tuple[str, int]]()
        at = 0
        joined = "".join(letter for letter, _ in letters).lower()
        for part in joined.split(" "):
            whole = len(part) <= _LONGEST_WORD or part in self._vocabulary.known
            pieces = [part] if whole else self._vocabulary.cut(letters=part)
            for number, piece in enumerate(pieces):
                if number:
                    cut.append((" ", letters[at][1]))
                cut.extend(letters[at : at + len(piece)])
                at += len(piece)
            if at < len(letters):
                cut.append((" ", letters[at][1]))
                at += 1
        return cut


def _close_up(run: str, separators: str) -> list[tuple[str, int]]:
    """Letters of a run without its single separators, and where they stood; wider gaps become one space."""
    kept = list[tuple[str, int]]()
    gap = 0
    for place, character in enumerate(run):
        if character in separators:
            gap += 1
            continue
        if gap > 1:
            kept.append((" ", place - 1))
        gap = 0
        kept.append((character, place))
    return kept
