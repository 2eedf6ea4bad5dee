"""Reads the guardian's policy file: what a house, or one of its tenants, lets in and out beyond our rules."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from arms.guardian.review import Direction
from servicekit.errors import ValidationFailedError

_RE2: Any = re2  # the package carries no types


def _compiles(pattern: str) -> str:
    try:
        _RE2.compile(pattern)
    except _RE2.error as error:
        raise ValueError(f"no pattern of the re2 syntax: {error}") from error
    return pattern


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextRule(_Strict):
    """Words that must not pass."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    pattern: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_compiles)]
    action: Literal["redact", "block"] = "redact"
    direction: Literal["in", "out", "both"] = "out"
    reason: str = Field(min_length=1, max_length=200)
    replacement: str = Field(default="", max_length=100)

    def holds_for(self, direction: Direction) -> bool:
        """Whether it is about texts that go this way."""
        return self.direction in {"both", direction.value}


class Topic(_Strict):
    """A topic, known by its words."""

    name: str = Field(min_length=1, max_length=100)
    words: list[Annotated[str, Field(min_length=2, max_length=100)]] = Field(min_length=1, max_length=500)


class HousePolicy(_Strict):
    """What one tenant lets in and out."""

    max_characters: int | None = Field(default=None, ge=1)
    link_hosts: list[str] | None = None
    allowed_topics: list[Topic] = Field(default_factory=list[Topic], max_length=100)
    denied_topics: list[Topic] = Field(default_factory=list[Topic], max_length=100)
    rules: list[TextRule] = Field(default_factory=list[TextRule], max_length=200)

    @property
    def is_about_what_comes_in(self) -> bool:
        """Whether there is anything to look for in a goal before it is worked on."""
        topics = self.allowed_topics or self.denied_topics
        return bool(topics) or any(rule.holds_for(Direction.IN) for rule in self.rules)


class PolicyFile(_Strict):
    """The file: what holds for everybody, and what holds instead for a tenant."""

    default: HousePolicy = HousePolicy()
    tenants: dict[str, HousePolicy] = Field(default_factory=dict[str, HousePolicy])

    @property
    def is_about_what_comes_in(self) -> bool:
        """Whether that is so for anybody."""
        return any(policy.is_about_what_comes_in for policy in (self.default, *self.tenants.values()))


def read_policies(path: Path | None) -> PolicyFile:
    """Read the file; without one nothing is added to our own rules.

    Raises:
        ValidationFailedError: it cannot be read, or something in it is wrong; the text says where.
    """
    if path is None:
        return PolicyFile()
    try:
        content: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return PolicyFile.model_validate(content)
    except OSError as error:
        raise _wrong(path, error.strerror or "it cannot be read") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise _wrong(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def _wrong(path: Path, why: str) -> ValidationFailedError:
    return ValidationFailedError(
        f"OCTOLLM_GUARDIAN_POLICY {path}: {why} (docs/guardian.md tells what it may hold)",
        field="OCTOLLM_GUARDIAN_POLICY",
    )
