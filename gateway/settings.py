"""Settings of the gateway, read once from OCTOLLM_* variables."""

from pathlib import Path

from pydantic import Field, SecretStr

from servicekit.redis_url import RedisUrl
from servicekit.settings import ServiceSettings

IP_LIMIT = 100
"""Requests a minute from one address without valid credentials, where nothing else is said."""


class GatewaySettings(ServiceSettings):
    """What the gateway needs to know."""

    call_timeout: float = 10.0
    """Seconds that a call to another service may take; a waiting read and a stream take longer."""
    arm_timeout: float = Field(default=120.0, gt=0)
    """Seconds that a direct call of an arm may take; an action of the executor brings its own limit."""
    stream_heartbeat_seconds: float = 15.0
    """How often an event stream writes a comment, so that no proxy takes it for dead, and is looked at:
    whether its reader may still read."""
    connections_per_ip: int = 64
    """Open connections that one address may have; 0 for no limit."""
    rate_limit_ip: int | None = Field(default=None, ge=0)
    """Requests a minute from one address without valid credentials; 0 for no limit. None takes 100, and no
    limit while authentication is off, since then everybody on this machine would share it."""
    rate_limit_subject: int = Field(default=1000, ge=0)
    """Requests a minute of one authenticated subject; 0 for no limit."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks, such as 10.0.0.0/8, whose X-Forwarded-For is believed; nobody's by default."""
    tls_cert_file: Path | None = None
    """The certificate of the REST ports, with what leads to its authority; they then speak https only."""
    tls_key_file: Path | None = None
    """Its key."""
    cors_origins: tuple[str, ...] = ()
    """Origins, such as https://app.example.com, whose pages may call the API; none by default."""
    redis_url: RedisUrl | None = None
    """Where rate limits are shared between gateways; each counts for itself without."""
    redis_timeout: float = Field(default=0.08, gt=0)
    """Seconds that Redis may take."""
    redis_pause: float = Field(default=1.0, gt=0)
    """Seconds for which Redis is left alone after it failed."""
    replicas: int = Field(default=1, ge=1)
    """How many gateways share the limits: without Redis each grants its part."""
    gateway_workers: int = Field(default=1, ge=1, le=64)
    """Processes that answer requests, all on the same ports."""
    jwt_issuer: str = ""
    """Who issues tokens, exactly as in their `iss`; empty when only API keys are taken."""
    jwt_jwks: str = ""
    """The issuer's JSON Web Key Set: a file, or an https URL."""
    jwt_secret: SecretStr | None = None
    """A secret of at least 32 bytes that HS256 tokens are made with; for a single gateway only."""
    header_seconds: float = 5.0
    """How long the head of a request may take to arrive."""
    write_seconds: float = 30.0
    """How long a client may leave an answer unread before it is cut off."""
    keep_alive_seconds: int = 75
    """How long an idle connection is kept; longer than proxies keep theirs, so that they close first."""

    @property
    def limit_ip(self) -> int:
        """Requests a minute from one address without valid credentials; 0 for no limit."""
        if self.rate_limit_ip is None:
            return 0 if self.auth == "none" else IP_LIMIT
        return self.rate_limit_ip
