"""Reads the rule tables: TOML rows with pattern, validator and examples, and shared word lists."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from reflex.findings import Category, Severity

TABLES: Mapping[Category, tuple[str, ...]] = {
    Category.PII: ("pii.toml",),
    Category.SECRET: ("secret.toml",),
    Category.INJECTION: ("injection.toml", "injection_languages.toml"),
}
"""The files of each category; languages stand apart because other people read and mend them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of a table.

    Attributes:
        id: stable name, ``category.type.word``.
        category: what kind of harm.
        type: the kind within the category.
        pattern: RE2 syntax; when it has a capturing group, the group is the span.
        severity: how bad a hit is.
        confidence: 0-1 of a validated hit out of context.
        reason: one sentence for the caller.
        validator: name in `reflex.validators`, or empty.
        strong: context alone never takes this hit below a flag.
        hits: examples the rule must find.
        misses: examples it must leave alone.
    """

    id: str
    category: Category
    type: str
    pattern: str
    severity: Severity
    confidence: float
    reason: str
    validator: str = ""
    strong: bool = False
    hits: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()


def load_rules(*, categories: Sequence[Category] = tuple(Category)) -> tuple[Rule, ...]:
    """Read the tables of the categories, in the order of the files.

    Returns:
        Every row.

    Raises:
        ValueError: a row is malformed or an id appears twice.
    """
    rules = [
        rule
        for category in categories
        for name in TABLES[category]
        for rule in _read(name=name, category=category)
    ]
    ids = [rule.id for rule in rules]
    doubles = {name for name in ids if ids.count(name) > 1}
    if doubles:
        raise ValueError(f"rule ids appear twice: {sorted(doubles)}")
    return tuple(rules)


def _read(*, name: str, category: Category) -> list[Rule]:
    table = tomllib.loads(resources.files("reflex.rules").joinpath(name).read_text(encoding="utf-8"))
    words: dict[str, str] = table.get("words", {})
    defaults: dict[str, Any] = table.get("defaults", {})
    return [
        _row(row=_with_reason(defaults | row, table=table), category=category, words=words)
        for row in table["rule"]
    ]


def _with_reason(row: dict[str, Any], *, table: Mapping[str, Any]) -> dict[str, Any]:
    """The row with a reason: its own, that of its type, or the one for any type, told by the type's name."""
    if "reason" in row:
        return row
    kind: str = row["type"]
    reasons: dict[str, str] = table["reasons"]
    name = table.get("names", {}).get(kind) or kind.replace("_", " ").capitalize()
    return row | {"reason": reasons.get(kind) or reasons["any"].format(name=name)}


def _row(*, row: Mapping[str, Any], category: Category, words: Mapping[str, str]) -> Rule:
    return Rule(
        id=row["id"],
        category=category,
        type=row["type"],
        pattern=expand(pattern=row["pattern"], words=words),
        severity=Severity[row["severity"].upper()],
        confidence=row["confidence"],
        reason=row["reason"],
        validator=row.get("validator", ""),
        strong=row.get("strong", False),
        hits=tuple(row["hits"]),
        misses=tuple(row.get("misses", ())),
    )


def expand(*, pattern: str, words: Mapping[str, str]) -> str:
    """Put the word lists in: ``%name%`` becomes ``(?:list)``; lists may use earlier lists.

    Raises:
        ValueError: a name is not in the lists.
    """
    for name in reversed(list(words)):
        pattern = pattern.replace(f"%{name}%", f"(?:{words[name]})")
    head, mark, rest = pattern.partition("%")
    if mark and "%" in rest and rest.partition("%")[0].isidentifier():
        raise ValueError(f"unknown word list %{rest.partition('%')[0]}% after {head[-20:]!r}")
    return pattern
