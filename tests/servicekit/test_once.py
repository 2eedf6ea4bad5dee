"""What the interceptors make of a method is made once; of unknown methods nothing is kept."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import grpc

from servicekit.interceptors.once import OnceInterceptor


@dataclass(frozen=True)
class Details:
    method: str
    invocation_metadata: Any = None


async def test_each_method_is_wrapped_once_and_strangers_leave_nothing_behind() -> None:
    asked, once = Counter[str](), OnceInterceptor()

    async def rest(details: Any) -> Any:
        asked[details.method] += 1
        return None if "unknown" in details.method else grpc.unary_unary_rpc_method_handler(print)

    async def handler(method: str) -> Any:
        details: Any = Details(method)
        return await once.intercept_service(rest, details)

    first, other = await handler("/s/a"), await handler("/s/b")
    assert await handler("/s/a") is first
    assert other is not first
    assert [await handler("/s/unknown"), await handler("/s/unknown")] == [None, None]
    assert asked == {"/s/a": 1, "/s/b": 1, "/s/unknown": 2}
