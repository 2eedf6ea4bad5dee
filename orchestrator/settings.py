"""The orchestrator's settings, read once from OCTOLLM_* variables."""

import os
import secrets
import socket
from pathlib import Path

from pydantic import Field, SecretStr

from orchestrator.limits import DriveLimits, SweepLimits
from orchestrator.store_signing_keys import KeyRules
from orchestrator.webhooks.limits import WebhookLimits
from servicekit.settings import ServiceSettings


def _own_name() -> str:
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"


class OrchestratorSettings(ServiceSettings):
    """What the orchestrator needs to know of its surroundings; times are in seconds."""

    database_url: SecretStr
    """libpq URL of the PostgreSQL that holds everything."""
    database_connections: int = 12
    """Connections open at most, beside three for wake-ups and one that listens."""
    start_seconds: float = 60.0
    """How long a start waits for the database."""
    instance_id: str = Field(default_factory=_own_name)
    """Who holds what is leased here; for people."""
    lease_seconds: float = 10.0
    """How long a lease lasts without a heartbeat: how long a takeover takes."""
    heartbeat_seconds: float = 3.0
    """Seconds between renewals."""
    sweep_seconds: float = 1.0
    """Seconds between the sweeper's beats."""
    concurrent_tasks: int = 64
    """Tasks driven at once."""
    tenant_queue: int = 20_000
    """Queued tasks that a tenant may have."""
    arm_heartbeat_seconds: float = 2.0
    """How often arms are told to give a sign of life."""
    arm_silence_seconds: float = 7.0
    """Silence after which an arm instance is unavailable."""
    result_cache_seconds: int = Field(default=0, ge=0, le=86_400)
    """How long the result of a completed task answers equal tasks of the same owner; 0 is off."""
    tenant_pii: dict[str, str] = Field(default_factory=dict)
    """``redact``, ``allow`` or ``block`` by tenant; any other redacts."""
    api_key_pepper: SecretStr | None = None
    """The key of the hashes of API keys; None takes the one that the database keeps. With another one, keys
    made before are refused."""
    audit_retention_days: float = Field(default=90.0, gt=0)
    """How long an audit record is kept."""
    webhook_hosts: tuple[str, ...] = ()
    """Hosts that tasks may name in callback_url: ``example.org``, ``*.example.org``, ``*`` for every public
    one, with ``:port`` for another port than 443; none by default."""
    webhook_networks: tuple[str, ...] = ()
    """Networks, such as 10.1.0.0/16, in which those hosts may be; only public addresses by default."""
    webhook_ca_file: Path | None = None
    """Certificates of authorities that may vouch for those hosts, beside the usual ones."""
    webhook_secrets: SecretStr = SecretStr("")
    """A JSON object: ``whsec_...`` by tenant. Other secrets are derived from the installation key."""
    webhook: WebhookLimits = WebhookLimits()
    """How long and how often a delivery is tried."""
    drive: DriveLimits = DriveLimits()
    """Bounds on driving one task."""
    signing: KeyRules = KeyRules()
    """When the keys that sign capability tokens change."""
    sweep: SweepLimits = SweepLimits()
    """How old things may get."""
