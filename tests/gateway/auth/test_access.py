"""Who gets in, over real HTTP: keys, tokens, scopes, limits, what is audited."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from httpx_sse import ServerSentEvent, aconnect_sse
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.routes.table import DOORS, routes_of
from gateway.routing.route import declared
from gateway.settings import GatewaySettings
from servicekit.errors import ValidationFailedError
from servicekit.roles import ROLES
from tests.gateway.auth.issuer import ISSUER, SECRET, ec, ed, key_set, now_claims, signed, with_hmac
from tests.gateway.conftest import FREE, KEY, Gateway, running_gateway


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    path = tmp_path_factory.mktemp("jwks") / "keys.json"
    path.write_bytes(key_set(ec()))
    async with running_gateway(auth="required", jwt_issuer=ISSUER, jwt_jwks=str(path)) as gateway:
        yield gateway


pytestmark = pytest.mark.asyncio(loop_scope="module")


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


REFUSED: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "an empty one": [("authorization", "")],
    "only the scheme": [("authorization", "Bearer")],
    "another scheme": [("authorization", "Basic YTpi")],
    "two": [("authorization", "Bearer a"), ("authorization", "Bearer b")],
    "two words": [("authorization", "Bearer a b")],
    "not ASCII": [("authorization", "Bearer \u00e4")],
    "no token": [("authorization", "Bearer hello")],
    "a token of another's": [("authorization", f"Bearer {signed(now_claims(), key=ec('evil'))}")],
    "an expired token": [("authorization", f"Bearer {signed(now_claims(exp=1, iat=0))}")],
    "an unknown key": [("authorization", f"Bearer octo_nobody_{'s' * 43}")],
    "half a key": [("authorization", "Bearer octo_nobody_")],
}


@pytest.mark.parametrize("name", REFUSED)
async def test_every_cause_has_the_same_answer(guarded: Gateway, name: str) -> None:
    headers = [(key.encode(), value.encode()) for key, value in REFUSED[name]]
    async with guarded.client() as api:
        answer = await api.get("/tasks", headers=[(b"x-request-id", b"same"), *headers])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "error": {
            "code": "UNAUTHENTICATED",
            "message": "valid credentials are needed: Authorization: Bearer with a token or an API key",
            "details": {},
            "request_id": "same",
        }
    }


async def test_a_key_and_a_token_get_in_and_act_for_their_principals(guarded: Gateway) -> None:
    key = guarded.fakes.identity.add("bob", "user")
    async with guarded.client() as api:
        for credential in (key, signed(now_claims())):
            made = await api.post("/tasks", json={"goal": "x"}, headers=bearer(credential))
            assert made.status_code == 202, made.text
        lower = await api.get("/tasks", headers={"authorization": f"bearer {key}"})
    assert lower.status_code == 200


async def test_public_routes_ask_nobody(guarded: Gateway) -> None:
    async with guarded.client() as api:
        for path in ("/health", "/ready", "/metrics", "/openapi.json"):
            assert (await api.get(path)).status_code == 200
            assert (await api.get(path, headers=bearer("nonsense"))).status_code == 200
        assert (await api.get("/nope")).status_code == 404
        assert (await api.put("/tasks")).status_code == 405


REQUESTS: Mapping[str, Any] = {"POST": {"json": {}}, "DELETE": {}, "GET": {}}
GUARDED = [
    (door, method, route.path, declared(route).scope)
    for door in DOORS
    for route in routes_of(door)
    for method in sorted(route.methods or ())
    if declared(route).scope
]


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
async def test_a_role_opens_exactly_the_routes_of_its_scopes(guarded: Gateway, role: str) -> None:
    key = guarded.fakes.identity.add(role, role)
    scopes = ROLES.get(role, frozenset())
    clients = {door: guarded.client(door) for door in DOORS}
    try:
        for door, method, template, scope in GUARDED:
            path = template.replace("{", "x").replace("}", "").removeprefix("/api/v1")
            answer = await clients[door].request(method, path, headers=bearer(key), **REQUESTS[method])
            told = (role, door, method, template, answer.status_code)
            assert (answer.status_code == 403) == (scope not in scopes), told
            assert answer.status_code != 401, told
            if answer.status_code == 403:
                assert answer.json()["error"]["details"] == {"scope": scope}
                assert answer.json()["error"]["message"] == f"the scope {scope} is needed"
    finally:
        await asyncio.gather(*(client.aclose() for client in clients.values()))


async def test_a_key_is_asked_for_once_in_a_few_seconds_and_its_end_holds(guarded: Gateway) -> None:
    identity = guarded.fakes.identity
    key = identity.add("short", "user")
    async with guarded.client() as api:
        assert (await api.get("/tasks", headers=bearer(key))).status_code == 200
        before = identity.verified
        for _ in range(5):
            assert (await api.get("/tasks", headers=bearer(key))).status_code == 200
        assert identity.verified == before
        identity.keys[key].revoked_at.GetCurrentTime()
        async with asyncio.timeout(7):
            while (await api.get("/tasks", headers=bearer(key))).status_code == 200:  # noqa: ASYNC110  # time passes
                await asyncio.sleep(0.2)


async def test_what_is_refused_and_done_is_audited(guarded: Gateway) -> None:
    identity = guarded.fakes.identity
    key = identity.add("carol", "viewer")
    async with guarded.client() as api:
        await api.get("/tasks", headers={**bearer("nonsense"), "x-request-id": "audit-1"})
        await api.post("/tasks", json={"goal": "x"}, headers={**bearer(key), "x-request-id": "audit-2"})
        user = bearer(identity.add("dave", "user"))
        made = await api.post("/tasks", json={"goal": "x"}, headers={**user, "x-request-id": "audit-3"})
        task_id = made.json()["task_id"]
        await api.delete(f"/tasks/{task_id}", headers={**user, "x-request-id": "audit-4"})
    found: dict[str, Any] = {}
    async with asyncio.timeout(5):
        while len(found) < 4:
            await asyncio.sleep(0.05)
            found = {it.request_id: it for it in identity.records if it.request_id.startswith("audit-")}
    told = {
        name: (it.tenant, it.subject, it.action, it.object, it.outcome, it.reason)
        for name, it in found.items()
    }
    assert told == {
        "audit-1": ("default", "", "request", "GET /api/v1/tasks", "refused", "TOKEN_MALFORMED"),
        "audit-2": ("acme", "carol", "request", "POST /api/v1/tasks", "refused", "SCOPE_MISSING"),
        "audit-3": ("acme", "dave", "task.create", task_id, "allowed", ""),
        "audit-4": ("acme", "dave", "task.cancel", task_id, "allowed", ""),
    }
    assert found["audit-1"].address == "127.0.0.1"
    assert found["audit-1"].HasField("created_at")


async def test_a_page_may_log_in_from_another_origin() -> None:
    async with (
        running_gateway(auth="required", cors_origins=["https://app.example"]) as gateway,
        gateway.client() as api,
    ):
        origin = {"origin": "https://app.example"}
        asked = await api.options("/tasks", headers={**origin, "access-control-request-method": "GET"})
        assert asked.status_code == 204
        refused = await api.get("/tasks", headers=origin)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://app.example"


async def test_subjects_and_addresses_are_counted_apart() -> None:
    async with running_gateway(auth="required", rate_limit_ip=3, rate_limit_subject=5) as gateway:
        alice, bob = (bearer(gateway.fakes.identity.add(name, "user")) for name in ("alice", "bob"))

        async def statuses(headers: dict[str, str], number: int) -> list[int]:
            async with gateway.client() as api:
                return [(await api.get("/stats", headers=headers)).status_code for _ in range(number)]

        assert await statuses(alice, 7) == [200] * 5 + [429] * 2
        assert await statuses(bearer("nonsense"), 5) == [401] * 3 + [429] * 2
        # An address that is out of attempts is still open to those who can log in.
        assert await statuses(bob, 2) == [200, 200]
        async with gateway.client() as api:
            told = await api.get("/stats", headers=bob)
        assert told.headers["ratelimit-policy"] == '"subject";q=5;w=60'


async def test_while_the_orchestrator_is_away_nobody_is_taken_for_a_stranger(guarded: Gateway) -> None:
    async with running_gateway(auth="required") as gateway, gateway.client() as api:
        key = gateway.fakes.identity.add("late", "user")
        await gateway.fakes.stop("orchestrator")
        answer = await api.get("/stats", headers=bearer(key))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")


async def test_a_large_body_of_a_stranger_is_not_read(guarded: Gateway) -> None:
    async with httpx.AsyncClient(trust_env=False) as api:
        answer = await api.post(f"{guarded.base()}/api/v1/tasks", content=b"x" * 1_000_000)
    assert answer.status_code == 401
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"jwt_issuer": ISSUER}, "OCTOLLM_JWT_JWKS"),
        ({"jwt_jwks": "/keys.json"}, "OCTOLLM_JWT_ISSUER"),
        ({"jwt_issuer": ISSUER, "jwt_secret": SECRET.decode(), "replicas": 2}, "single gateway"),
        ({"jwt_issuer": ISSUER, "jwt_secret": "short"}, "32 bytes"),
        ({"jwt_issuer": ISSUER, "jwt_jwks": "http://login.example/keys"}, "https"),
        ({"internal_key": None}, "OCTOLLM_INTERNAL_KEY_FILE"),
        ({"internal_key": "short"}, "32 bytes"),
        ({"auth": "none", "host": "0.0.0.0"}, "OCTOLLM_AUTH=required"),  # noqa: S104  # refused before it is bound
    ],
)
async def test_settings_that_do_not_fit_are_told(given: dict[str, Any], words: str, tmp_path: Path) -> None:
    from gateway.app import build

    settings: dict[str, Any] = {
        "ports": FREE,
        "socket_dir": tmp_path,
        "auth": "required",
        "internal_key": KEY,
    }
    with pytest.raises(ValidationFailedError, match=words):
        async with build(GatewaySettings.model_validate({**settings, **given})):
            pytest.fail("it runs")


async def test_the_key_of_a_token_may_change_while_the_gateway_runs(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(key_set(ec()))
    async with (
        running_gateway(auth="required", jwt_issuer=ISSUER, jwt_jwks=str(path)) as gateway,
        gateway.client() as api,
    ):
        old, new = bearer(signed(now_claims())), bearer(signed(now_claims(), key=ed(), alg="EdDSA"))
        assert (await api.get("/tasks", headers=old)).status_code == 200
        path.write_bytes(key_set(ed()))
        await asyncio.sleep(1.1)
        assert (await api.get("/tasks", headers=new)).status_code == 200
        async with asyncio.timeout(8):
            while (await api.get("/tasks", headers=old)).status_code == 200:  # noqa: ASYNC110  # time passes
                await asyncio.sleep(0.2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def looking() -> AsyncIterator[Gateway]:
    """A gateway that looks often whether a stream's reader may still read."""
    async with running_gateway(
        auth="required", jwt_issuer=ISSUER, jwt_secret=SECRET.decode(), stream_heartbeat_seconds=0.1
    ) as it:
        yield it


async def read_events(gateway: Gateway, credential: str, told: asyncio.Event) -> list[ServerSentEvent]:
    """The events of a task that goes on, until the stream ends."""
    tasks = gateway.fakes.tasks
    tasks.events.clear()  # it tells every event of any task
    task = tasks.add()
    await tasks.tell(pb.TASK_EVENT_TYPE_TASK_QUEUED, task_id=task.task_id)
    seen: list[ServerSentEvent] = []
    async with gateway.client() as api, asyncio.timeout(20):
        api.headers.update({"x-request-id": "stream-1", **bearer(credential)})
        async with aconnect_sse(api, "GET", f"/tasks/{task.task_id}/events") as source:
            async for event in source.aiter_sse():
                if event.data:  # heartbeats are comments
                    seen.append(event)
                    told.set()
    return seen


async def test_a_stream_ends_soon_after_its_key_is_revoked(looking: Gateway) -> None:
    identity, told = looking.fakes.identity, asyncio.Event()
    key = identity.add("leaver", "user")
    reading = asyncio.create_task(read_events(looking, key, told))
    await told.wait()
    await asyncio.sleep(0.5)  # several looks: a good key changes nothing
    assert not reading.done()
    identity.records.clear()
    identity.keys[key].revoked_at.GetCurrentTime()
    first, last = await reading
    assert (first.event, first.id) == ("task.queued", "1")
    assert last.event == "error"
    assert last.json() == {
        "error": {
            "code": "UNAUTHENTICATED",
            "message": "valid credentials are needed: Authorization: Bearer with a token or an API key",
            "details": {},
            "request_id": "stream-1",
        }
    }
    await identity.audited("API_KEY_REVOKED")
    (record,) = [it for it in identity.records if it.reason == "API_KEY_REVOKED"]
    assert (record.subject, record.request_id, record.outcome) == ("leaver", "stream-1", "refused")


async def test_a_stream_ends_soon_after_its_token_expires(looking: Gateway) -> None:
    expires = int(time.time()) - 29 + 3  # with the leeway that clocks are given: 4 s from now at the most
    payload = now_claims(iat=expires - 60, exp=expires)
    token = with_hmac(SECRET, header={"alg": "HS256", "typ": "JWT"}, payload=payload)
    events = await read_events(looking, token, asyncio.Event())
    assert [event.event for event in events] == ["task.queued", "error"]


async def test_a_stream_goes_on_while_nobody_can_tell_whether_its_key_holds(looking: Gateway) -> None:
    identity, told = looking.fakes.identity, asyncio.Event()
    key = identity.add("stayer", "user")
    reading = asyncio.create_task(read_events(looking, key, told))
    await told.wait()
    identity.away = True
    try:
        await asyncio.sleep(7)  # longer than a verdict is remembered
        assert not reading.done()
    finally:
        identity.away = False
        reading.cancel()
