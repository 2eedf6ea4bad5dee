"""The policy: from which risk a text is flagged or blocked, what happens to PII and secrets; versioned."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class Handling(StrEnum):
    """What happens to a text with a finding of a category."""

    ALLOW = "allow"
    REDACT = "redact"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Risks of injection, 0-1.

    Attributes:
        flag: reported from here on; not above `block`, or a text were refused and nobody told why.
        block: refused from here on.

    Raises:
        ValueError: they are not in this order, or no risks.
    """

    flag: float = 0.5
    block: float = 0.85

    def __post_init__(self) -> None:
        if not 0 < self.flag <= self.block <= 1:
            raise ValueError("thresholds must be 0 < flag <= block <= 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the verdict follows.

    Attributes:
        name: for people.
        injection: thresholds for callers without a role of their own.
        by_role: thresholds for callers with one of these roles.
        pii: what happens to personal data.
        secrets: what happens to credentials.
        least_confidence: findings of PII and secrets below it are dropped.
        near: characters within which findings of injection add up.
    """

    name: str = "default"
    injection: Thresholds = field(default_factory=Thresholds)
    by_role: Mapping[str, Thresholds] = field(default_factory=dict[str, Thresholds])
    pii: Handling = Handling.REDACT
    secrets: Handling = Handling.REDACT
    least_confidence: float = 0.4
    near: int = 1500

    def thresholds(self, *, roles: Sequence[str] = ()) -> Thresholds:
        """The thresholds of a caller; of several roles with thresholds of their own the strictest."""
        own = [self.by_role[role] for role in roles if role in self.by_role] or [self.injection]
        return Thresholds(flag=min(one.flag for one in own), block=min(one.block for one in own))

    def version(self, *, rules: str) -> str:
        """A short name that changes when the policy or the rules do.

        Args:
            rules: digest of the rules and weights in use.
        """
        digest = hashlib.sha256(repr((rules, sorted(asdict(self).items(), key=str))).encode()).hexdigest()
        return f"{self.name}-{digest[:12]}"
