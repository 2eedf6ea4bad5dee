"""The reflex: check a text, keep values, tell statistics."""

from octollm.reflex.v1 import reflex_pb2 as pb

from gateway.convert.reflex import entry, stats, stored, to_check, to_put, verdict
from gateway.edge.state import state_of
from gateway.routing.answer import Answer, json_answer
from gateway.routing.call import Call
from gateway.routing.strict_json import compact
from gateway.schemas.base import Nothing
from gateway.schemas.reflex import CheckRequest, PutCacheRequest
from servicekit.errors import ValidationFailedError

VALUE_BYTES = 1024 * 1024
"""Bytes that a cached value may have as JSON."""


async def check(call: Call[Nothing, CheckRequest]) -> Answer:
    """Looks for personal data, secrets and injections in a text, and looks the text up in the cache."""
    found = await call.clients.reflex.Check(to_check(call.body))
    return json_answer(verdict(found, request_id=state_of(call.scope).request_id))


async def put_cache(call: Call[Nothing, PutCacheRequest]) -> Answer:
    """Stores a value under a key, or under the key of a text."""
    if len(compact(call.body.value).encode()) > VALUE_BYTES:
        raise ValidationFailedError(
            "the value is too large",
            field="value",
            constraint=f"must be at most {VALUE_BYTES} bytes as JSON",
            reason="FIELD_RULE",
        )
    kept = await call.clients.reflex.PutCache(to_put(call.body))
    return json_answer(stored(kept), status=201, headers={"location": f"/api/v1/cache/{kept.key}"})


async def get_cache(call: Call[Nothing, None]) -> Answer:
    """Reads a stored value; not found when it is absent or has expired."""
    found = await call.clients.reflex.GetCache(pb.GetCacheRequest(key=call.path["key"]))
    return json_answer(entry(found))


async def delete_cache(call: Call[Nothing, None]) -> Answer:
    """Removes a stored value."""
    await call.clients.reflex.DeleteCache(pb.DeleteCacheRequest(key=call.path["key"]))
    return Answer(status=204)


async def get_stats(call: Call[Nothing, None]) -> Answer:
    """What the reflex did since it started."""
    return json_answer(stats(await call.clients.reflex.GetStats(pb.GetStatsRequest())))
