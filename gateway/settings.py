"""Settings of the gateway, read once from OCTOLLM_* variables."""

from servicekit.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """What the gateway needs to know."""

    call_timeout: float = 10.0
    """Seconds that a call to another service may take; a waiting read and a stream take longer."""
    heartbeat_seconds: float = 15.0
    """How often an idle event stream writes a comment, so that no proxy takes it for dead."""
    connections_per_ip: int = 64
    """Open connections that one address may have; 0 for no limit."""
    header_seconds: float = 5.0
    """How long the head of a request may take to arrive."""
    keep_alive_seconds: int = 75
    """How long an idle connection is kept; longer than proxies keep theirs, so that they close first."""
