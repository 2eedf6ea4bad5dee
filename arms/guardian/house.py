"""The rules of the house, compiled: who breaks them, what is put there instead, what may not pass at all."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import re2

from arms.guardian.policy_file import HousePolicy, PolicyFile, TextRule, Topic
from arms.guardian.review import Direction, Finding, ReviewRequest

_RE2: Any = re2  # the package carries no types

_LINK = re.compile(r"https?://[^\s<>()\[\]\"']{1,2000}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Something that breaks a rule of the house.

    Attributes:
        finding: what, where, why.
        replacement: what is put there instead; None when the text may not pass at all.
    """

    finding: Finding
    replacement: str | None


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    rule: TextRule
    pattern: Any


class House:
    """The policy of one tenant.

    Args:
        policy: as the file tells it.
    """

    def __init__(self, policy: HousePolicy) -> None:
        self._policy = policy
        self._rules = [_Compiled(rule=rule, pattern=_RE2.compile(rule.pattern)) for rule in policy.rules]
        self._allowed = _pattern_of(policy.allowed_topics)
        self._denied = [(topic.name, _pattern_of([topic])) for topic in policy.denied_topics]
        self._hosts = frozenset(host.lower() for host in policy.link_hosts or ())

    def breaches(self, text: str, *, request: ReviewRequest) -> list[Breach]:
        """What breaks a rule, by place.

        Args:
            text: where to look; it may be the request's text with something replaced already.
            request: which way it goes, and the task it belongs to.
        """
        found = [
            *self._off_topic(text, request=request),
            *self._by_rules(text, request=request),
        ]
        if request.direction is Direction.OUT:  # how long and whereto is asked of what is written here
            found += [*self._too_long(text), *self._links(text)]
        return sorted(found, key=lambda breach: breach.finding.start)

    def _too_long(self, text: str) -> Iterator[Breach]:
        most = self._policy.max_characters
        if most is not None and len(text) > most:
            yield _blocking("too_long", f"more than {most} characters", start=most, end=len(text))

    def _off_topic(self, text: str, *, request: ReviewRequest) -> Iterator[Breach]:
        """A task's topic is told by its goal; a text that stands alone tells its own."""
        told = f"{request.brief.goal}\n{text}"
        for name, pattern in self._denied:
            if pattern.search(told):
                yield _blocking("denied_topic", f"it is about {name}", start=0, end=len(text))
        if self._allowed is not None and not self._allowed.search(request.brief.goal or text):
            names = ", ".join(topic.name for topic in self._policy.allowed_topics)
            yield _blocking("off_topic", f"it is about none of: {names}", start=0, end=len(text))

    def _by_rules(self, text: str, *, request: ReviewRequest) -> Iterator[Breach]:
        for compiled in self._rules:
            rule = compiled.rule
            if not rule.holds_for(request.direction):
                continue
            for match in compiled.pattern.finditer(text):
                if match.end() > match.start():
                    yield Breach(
                        finding=_finding(rule.id, rule.reason, start=match.start(), end=match.end()),
                        replacement=None
                        if rule.action == "block"
                        else rule.replacement or f"[{rule.id.upper()}]",
                    )

    def _links(self, text: str) -> Iterator[Breach]:
        if self._policy.link_hosts is None:
            return
        for match in _LINK.finditer(text):
            if not self._is_known(match[0]):
                finding = _finding(
                    "foreign_link",
                    "a link to a host that is not allowed",
                    start=match.start(),
                    end=match.end(),
                )
                yield Breach(finding=finding, replacement="[link]")

    def _is_known(self, url: str) -> bool:
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return False
        return any(host == known or host.endswith(f".{known}") for known in self._hosts)


class Houses:
    """The policies of all tenants.

    Args:
        file: as it was read.
    """

    def __init__(self, file: PolicyFile) -> None:
        self._default = House(file.default)
        self._tenants: Mapping[str, House] = {name: House(policy) for name, policy in file.tenants.items()}

    def of(self, tenant: str) -> House:
        """A tenant's, else what holds for everybody."""
        return self._tenants.get(tenant, self._default)


def mended(text: str, breaches: Iterable[Breach]) -> str:
    """The text with what breaks a rule replaced; overlapping ones share the first replacement."""
    pieces: list[str] = []
    at = 0
    for breach in sorted(breaches, key=lambda one: (one.finding.start, -one.finding.end)):
        if breach.replacement is not None and breach.finding.start >= at:
            pieces += [text[at : breach.finding.start], breach.replacement]
            at = breach.finding.end
    return "".join([*pieces, text[at:]])


def _pattern_of(topics: Sequence[Topic]) -> Any:
    """One pattern of all words of the topics, as words; None for no topics."""
    words = [_RE2.escape(word) for topic in topics for word in topic.words]
    return _RE2.compile(rf"(?i)(?:^|[^\pL\pN])(?:{'|'.join(words)})(?:[^\pL\pN]|$)") if words else None


def _blocking(kind: str, reason: str, *, start: int, end: int) -> Breach:
    return Breach(finding=_finding(kind, reason, start=start, end=end), replacement=None)


def _finding(kind: str, reason: str, *, start: int, end: int) -> Finding:
    return Finding(category="policy", type=kind, severity="high", start=start, end=end, reason=reason)
