"""Rate limits: each address, or each authenticated subject, may make so many requests a minute."""

from dataclasses import dataclass

from gateway.edge.client_address import ClientAddresses
from gateway.edge.state import RequestState, state_of
from gateway.limiter import WINDOW_SECONDS, Limiter, Verdict
from gateway.routing.asgi import App, Receive, Scope, Send
from servicekit.errors import RateLimitError


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """Requests a minute; 0 for no limit.

    Attributes:
        ip: of one address, without valid credentials.
        subject: of one authenticated subject, who then does not count for the address.
    """

    ip: int
    subject: int


class RateLimitLayer:
    """Counts each request before anything is done for it."""

    def __init__(self, app: App, *, limiter: Limiter, limits: RateLimits, addresses: ClientAddresses) -> None:
        self._app = app
        self._limiter = limiter
        self._limits = limits
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = state_of(scope)
        route = state.match.route
        if route is None or route.limited:
            policy, who, limit = self._counted(scope)
            if limit:
                verdict = await self._limiter.hit(policy, who, limit=limit)
                _tell(state, verdict, policy=policy)
                if not verdict.allowed:
                    raise _too_many(verdict)
        await self._app(scope, receive, send)

    def _counted(self, scope: Scope) -> tuple[str, str, int]:
        """What is counted: the subject, or the address of whoever did not show to be one."""
        principal = state_of(scope).principal
        if principal is None:
            return "ip", self._addresses.of(scope), self._limits.ip
        return "subject", f"{principal.tenant}/{principal.subject}", self._limits.subject


def _tell(state: RequestState, verdict: Verdict, *, policy: str) -> None:
    """The headers of draft-ietf-httpapi-ratelimit-headers, and the older ones that most clients read."""
    state.headers += [
        (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (policy.encode(), verdict.limit, WINDOW_SECONDS)),
        (b"ratelimit", b'"%s";r=%d;t=%d' % (policy.encode(), verdict.remaining, verdict.reset_seconds)),
        (b"x-ratelimit-limit", b"%d" % verdict.limit),
        (b"x-ratelimit-remaining", b"%d" % verdict.remaining),
        (b"x-ratelimit-reset", b"%d" % verdict.reset_seconds),
    ]


def _too_many(verdict: Verdict) -> RateLimitError:
    return RateLimitError(
        f"more than {verdict.limit} requests a minute; try again in {verdict.reset_seconds} s",
        constraint=f"must be at most {verdict.limit} requests a minute",
        reason="TOO_MANY_REQUESTS",
        retry_after=verdict.reset_seconds,
    )
