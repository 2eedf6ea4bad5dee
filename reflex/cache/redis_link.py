"""The link to Redis: bounded calls, and news of every key that changes, from the server itself.

Invalidation is Redis's own client-side caching (CLIENT TRACKING in broadcast mode, Redis >= 6): the server
tells of changes, expiries, evictions and FLUSHALL alike, whoever made them. A publish by our own processes
would miss the last three.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from servicekit.errors import UnavailableError

Result = TypeVar("Result")

CHANNEL = "__redis__:invalidate"
_AT_ONCE = 32
"""Commands under way at once."""
_SILENCE_CHECKS = 3
"""Unanswered pings after which the news is taken for lost."""


class RedisLink:
    """Calls to one Redis, none longer than `timeout`.

    Args:
        url: such as ``redis://host:6379/0``.
        timeout: seconds a call may take.
        prefix: of the keys whose changes are told.
    """

    def __init__(self, *, url: str, timeout: float, prefix: str) -> None:
        self._timeout = timeout
        self._prefix = prefix
        # redis-py's defaults wait for ever and retry for seconds: no retry, no waiting.
        self.client: Any = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            max_connections=2 * _AT_ONCE,
            protocol=2,
        )
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._failures = 0

    async def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of a command; its time counts from its turn, a crowd is no outage.

        Raises:
            UnavailableError: no answer in time, or an error; or it failed somebody while this call waited.
        """
        failures = self._failures
        try:
            async with self._turns:
                if self._failures != failures:
                    raise UnavailableError("Redis does not answer", reason="REDIS_DOWN", retry_after=1)
                return await self._bounded(work)
        finally:
            # A command whose caller left before its turn was never begun.
            work.close()

    async def _bounded(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            async with asyncio.timeout(self._timeout):
                return await work
        except (RedisError, OSError, TimeoutError) as error:
            self._failures += 1
            what = "refuses a command" if isinstance(error, ResponseError) else "does not answer"
            raise UnavailableError(
                f"Redis {what} ({type(error).__name__})", reason="REDIS_DOWN", retry_after=1
            ) from error

    @asynccontextmanager
    async def news(self) -> AsyncIterator["News"]:
        """Listen to changes of keys under the prefix until the block ends.

        Raises:
            UnavailableError: Redis is away, or does not know CLIENT TRACKING.
        """
        listener = self.client.pubsub()
        try:
            await self.call(self._track(listener))
            yield News(listener=listener, interval=max(self._timeout, 0.2))
        finally:
            await _quietly(listener.aclose())

    async def _track(self, listener: Any) -> None:
        await listener.connect()
        connection = listener.connection
        await connection.send_command("CLIENT", "ID")
        own = int(await connection.read_response())
        options = ("TRACKING", "ON", "REDIRECT", own, "BCAST", "PREFIX", self._prefix)
        await connection.send_command("CLIENT", *options)
        await connection.read_response()
        await listener.subscribe(CHANNEL)
        # News of what changes before the server has subscribed us go nowhere: wait until it says that it has.
        await listener.get_message(timeout=None)

    async def close(self) -> None:
        """Close every connection."""
        await _quietly(self.client.aclose())


class News:
    """What the server tells of changed keys.

    Args:
        listener: subscribed.
        interval: seconds between pings while there is nothing to tell.
    """

    def __init__(self, *, listener: Any, interval: float) -> None:
        self._listener = listener
        self._interval = interval
        self._unanswered = 0

    async def next(self) -> Sequence[str] | None:
        """Changed keys, empty when nothing came for a while; None means every key.

        Raises:
            UnavailableError: the server is gone or silent; changes may have been missed.
        """
        try:
            message = await self._listener.get_message(timeout=self._interval)
            if message is None:
                return await self._ping()
        except (RedisError, OSError, TimeoutError) as error:
            raise UnavailableError("Redis closed the connection", reason="REDIS_DOWN") from error
        self._unanswered = 0
        if message["type"] != "message":
            return ()
        # Anybody may publish on the channel; what is no list of keys may mean any of them.
        data = message["data"]
        if not isinstance(data, list):
            return None
        return [key.decode(errors="replace") for key in cast("list[bytes]", data)]

    async def _ping(self) -> Sequence[str]:
        if self._unanswered >= _SILENCE_CHECKS:
            raise UnavailableError("Redis is silent", reason="REDIS_DOWN")
        self._unanswered += 1
        await self._listener.ping()
        return ()


async def _quietly(work: Awaitable[Any]) -> None:
    """Closing what is already broken says nothing new."""
    try:
        async with asyncio.timeout(1):
            await work
    except (RedisError, OSError, TimeoutError):
        return
