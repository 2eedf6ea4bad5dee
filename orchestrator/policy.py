"""Policies of tenants: what a task leaves open, and that it may only ask for stricter."""

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.model.task import PiiPolicy, Policy
from servicekit.errors import ValidationFailedError

STRICTNESS = {PiiPolicy.ALLOW: 0, PiiPolicy.REDACT: 1, PiiPolicy.BLOCK: 2}
"""How strict a PII policy is."""


class TenantPolicies:
    """What tenants demand.

    Args:
        pii: by tenant; any other redacts.
    """

    def __init__(self, *, pii: Mapping[str, PiiPolicy]) -> None:
        self._pii = dict(pii)

    def applied(self, asked: Policy, *, tenant: str) -> Policy:
        """The policy of a task, with the tenant's filled in.

        Raises:
            ValidationFailedError: the task asks for less than the tenant demands.
        """
        demanded = self._pii.get(tenant, PiiPolicy.REDACT)
        wanted = asked.pii or demanded
        if STRICTNESS[wanted] < STRICTNESS[demanded]:
            raise ValidationFailedError(
                f"policy.pii {wanted.name.lower()} is looser than the tenant's",
                field="policy.pii",
                constraint=f"must not be looser than {demanded.name.lower()}",
                reason="POLICY_TOO_LOOSE",
            )
        return replace(asked, pii=wanted)
