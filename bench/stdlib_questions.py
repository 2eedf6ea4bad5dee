"""A public set with known answers that every Python has: the docstrings of its standard library.

A docstring's first sentence is the question, what follows it is the document to be found; neither the name of
the function nor the question stands in the document's title.
"""

import importlib
import inspect
import random
import sys
import warnings
from collections.abc import Iterator

from tests.arms.retriever.quality_set import Question

NOT_IMPORTED = frozenset(
    {"antigravity", "this", "idlelib", "lib2to3", "turtledemo", "turtle", "tkinter", "test"}
)
"""Modules that open windows or print when they are imported."""

DOCSTRINGS = "docstring"


def stdlib_set(*, questions: int, seed: int = 1) -> tuple[dict[str, str], list[Question]]:
    """Documents by title, and a sample of questions whose answers are titles."""
    documents: dict[str, str] = {}
    asked: dict[str, str] = {}
    for question, text in _docstrings():
        if text not in documents.values():
            title = f"{len(documents):03}"  # says nothing
            documents[title] = text
            asked[title] = question
    chosen = random.Random(seed).sample(sorted(asked), min(questions, len(asked)))
    return documents, [Question(asked[title], title, DOCSTRINGS) for title in chosen]


def _docstrings() -> Iterator[tuple[str, str]]:
    for each in _callables():
        question, _, text = (inspect.getdoc(each) or "").partition("\n\n")
        question, text = " ".join(question.split()), text.strip()
        if 30 <= len(question) <= 200 and len(text) >= 150:
            yield question, text


def _callables() -> Iterator[object]:
    for name in sorted(sys.stdlib_module_names):
        if name.startswith("_") or name in NOT_IMPORTED:
            continue
        try:
            with warnings.catch_warnings(action="ignore"):
                module = importlib.import_module(name)
        except ImportError:
            continue
        for title, member in inspect.getmembers(module, callable):
            if not title.startswith("_") and getattr(member, "__module__", None) == name:
                yield member
                if inspect.isclass(member):
                    yield from (
                        part
                        for part_name, part in inspect.getmembers(member, callable)
                        if part_name[0] != "_"
                    )
