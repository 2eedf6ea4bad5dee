"""`octollm serve all` with OCTOLLM_AUTH=required: who gets in, who sees what, what is written down."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx
import pytest
from octollm.orchestrator.v1 import identity_pb2, identity_pb2_grpc, tasks_pb2, tasks_pb2_grpc

from cli.embedded.unprivileged import temporary_data_dir
from cli.local.clients import LocalOrchestrator
from cli.local.place import local_tokens, orchestrator_target
from gateway.routes.table import DOORS, routes_of
from gateway.routing.route import declared
from tests.gateway.auth.issuer import ISSUER, ec, key_set, now_claims, signed
from tests.support.openai_server import ModelServer, running_model
from tests.support.platform import Platform, running_platform, until

pytestmark = pytest.mark.timeout(180)

ARMS = 6
GOAL = "Write one sentence about gates."


@dataclass
class Guarded:
    """A platform that asks who one is, and what its first admin made.

    Attributes:
        platform: it.
        keys: API keys, by whom they are for.
        things: by path parameter, what alice of acme owns.
    """

    platform: Platform
    keys: dict[str, str] = field(default_factory=dict[str, str])
    things: dict[str, str] = field(default_factory=dict[str, str])

    def api(self, who: str = "", *, door: str = "gateway") -> httpx.Client:
        base = self.platform.endpoints[door]["rest"]
        headers = {"authorization": f"Bearer {self.keys[who]}"} if who else {}
        return httpx.Client(base_url=base, headers=headers, timeout=70, trust_env=False)

    def octollm(self, *arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        command = [sys.executable, "-m", "cli.main", *arguments, "--data-dir", str(self.platform.data_dir)]
        environ = {name: it for name, it in os.environ.items() if name != "OCTOLLM_TOKEN"}
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=environ | ({"OCTOLLM_TOKEN": token} if token else {}),
        )

    def make_key(self, who: str, role: str, *, tenant: str = "acme") -> None:
        """What `octollm keys create --local` does, without starting a program for it."""
        place = self.platform.data_dir
        local = LocalOrchestrator(
            target=orchestrator_target(place), tokens=local_tokens(place, environ={}), tenant=tenant
        )
        made = local.create_key(subject=who, roles=[role], label="", expires_in_days=None)
        self.keys[who] = made["secret"]


@pytest.fixture(scope="module")
def guarded() -> Generator[Guarded]:
    with running_model(ModelServer()) as model, temporary_data_dir(prefix="octo-") as data_dir:
        jwks = data_dir / "jwks.json"
        jwks.write_bytes(key_set(ec()))
        environ = {
            "OCTOLLM_AUTH": "required",
            "OCTOLLM_MODEL_BASE_URL": model.url,
            "OCTOLLM_JWT_ISSUER": ISSUER,
            "OCTOLLM_JWT_JWKS": str(jwks),
            "OCTOLLM_RATE_LIMIT_IP": "0",
        }
        with running_platform(data_dir, model="m", flags=("--workers", "2"), environ=environ) as platform:
            it = Guarded(platform)
            root = it.octollm("keys", "create", "root", "--role", "admin", "--local", "--tenant", "acme")
            assert root.returncode == 0, root.stderr
            it.keys["root"] = root.stdout.strip()
            it.make_key("alice", "developer")
            it.make_key("carol", "developer")
            it.make_key("mallory", "admin", tenant="evil")
            it.make_key("helper", "operator")
            with it.api("root") as api:
                until(lambda: _arms(api) == ARMS, seconds=60, what="every arm to be registered")
            it.things = dict(alices_things(it))
            yield it


def _arms(api: httpx.Client) -> int:
    return len(api.get("/api/v1/arms").json()["data"])


def alices_things(guarded: Guarded) -> Iterator[tuple[str, str]]:
    """One of everything that can be owned."""
    with guarded.api("alice") as api:
        made = api.post("/api/v1/tasks", json={"goal": GOAL}, headers={"Idempotency-Key": "one"})
        assert made.status_code == 202, made.text
        yield "task_id", made.json()["task_id"]
        file = {"file": ("gates.txt", b"A gate opens for those with a key.", "text/plain")}
        put = api.post("/api/v1/arms/retriever/documents", files=file)
        assert put.status_code == 201, put.text
        yield "document_id", put.json()["document_id"]
        stored = api.post("/api/v1/cache", json={"key": "alices", "value": 1})
        assert stored.status_code == 201, stored.text
        yield "key", "alices"
    yield "key_id", guarded.keys["alice"].split("_")[1]


def test_a_task_of_a_known_caller_completes(guarded: Guarded) -> None:
    with guarded.api("alice") as api:
        task = api.get(f"/api/v1/tasks/{guarded.things['task_id']}", params={"wait": 60}).json()
        assert task["status"] == "completed", task
        stream = api.get(f"/api/v1/tasks/{guarded.things['task_id']}/events").text
    assert stream.rstrip().rpartition("event: ")[2].startswith("task.completed")


def test_a_token_of_the_issuer_is_as_good_as_a_key(guarded: Guarded) -> None:
    guarded.keys["jwt"] = signed(now_claims(tenant="acme", sub="alice", roles=["viewer"]))
    with guarded.api("jwt") as api:
        assert api.get(f"/api/v1/tasks/{guarded.things['task_id']}").status_code == 200
        assert api.post("/api/v1/tasks", json={"goal": GOAL}).status_code == 403


def test_without_credentials_nobody_gets_in(guarded: Guarded) -> None:
    for door in ("gateway", "reflex", "coder"):
        with guarded.api(door=door) as api:
            assert api.get("/api/v1/health").status_code == 200
            path = {"gateway": "tasks", "reflex": "stats", "coder": "capabilities"}[door]
            assert api.get(f"/api/v1/{path}").status_code == 401


def test_the_orchestrators_port_trusts_no_metadata(guarded: Guarded) -> None:
    target = guarded.platform.endpoints["orchestrator"]["grpc"]
    metadata = (("tenant", "acme"), ("authorization", f"Bearer {guarded.keys['root']}"))
    with grpc.insecure_channel(target) as channel:
        tasks: Any = tasks_pb2_grpc.TaskServiceStub(channel)
        identity: Any = identity_pb2_grpc.IdentityServiceStub(channel)
        for method, request in (
            (tasks.GetTask, tasks_pb2.GetTaskRequest(task_id=guarded.things["task_id"])),
            (tasks.CreateTask, tasks_pb2.CreateTaskRequest(spec=tasks_pb2.TaskSpec(goal=GOAL))),
            (identity.ListApiKeys, identity_pb2.ListApiKeysRequest(tenant="acme")),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                method(request, metadata=metadata, timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED  # pyright: ignore[reportAttributeAccessIssue]  # it is a call too


SHARED = {"arm_id", "asset"}
"""Path parameters of what belongs to nobody."""

QUERIES: Mapping[str, Mapping[str, Any]] = {"waiting": {"wait": 1}, "erasing": {"erase": "true"}}
"""Other ways to ask for the same object, by a word for the test's name."""


def on_objects() -> Iterator[Any]:
    """Every operation on one object, on every port, from the routes that make the OpenAPI documents."""
    for door in DOORS:
        for route in routes_of(door):
            names = {name for name in route.param_convertors if name not in SHARED}
            if declared(route).scope is None or not names:
                continue
            for method in sorted(route.methods or ()):
                queries = [{}]
                queries += [QUERIES["waiting"]] if route.operation_id == "get_task" else []
                queries += [QUERIES["erasing"]] if route.operation_id == "cancel_task" else []
                for query in queries:
                    yield pytest.param(
                        door, method, route.path, query, id=f"{door}-{method}-{route.path}-{query}"
                    )


OPERATIONS = list(on_objects())


def test_the_sweep_covers_every_kind_of_object() -> None:
    swept = {
        name
        for it in OPERATIONS
        for name in ("task_id", "document_id", "key", "key_id")
        if f"{{{name}}}" in it.values[2]
    }
    assert swept == {"task_id", "document_id", "key", "key_id"}


@pytest.mark.parametrize(("door", "method", "path", "query"), OPERATIONS)
def test_somebody_elses_object_is_not_there(
    guarded: Guarded, door: str, method: str, path: str, query: Mapping[str, Any]
) -> None:
    place = path.format_map(guarded.things)
    strangers = ["mallory"] + (["carol"] if "{task_id}" in path else [])  # the tenant shares the rest
    for who in strangers:
        with guarded.api(who, door=door) as api:
            answer = api.request(method, place, params=query)
        assert answer.status_code == 404, (who, answer.text)
        assert answer.json()["error"]["code"] == "NOT_FOUND"
        missing = place.replace(guarded.things["task_id"], "task_" + "0" * 16)
        with guarded.api(who, door=door) as api:
            none = api.request(method, missing, params=query)
        words = (guarded.things["task_id"], "task_" + "0" * 16)
        assert answer.json()["error"]["message"].replace(*words) == none.json()["error"]["message"]


def test_after_the_sweep_everything_is_still_there(guarded: Guarded) -> None:
    with guarded.api("alice") as api:
        assert api.get(f"/api/v1/tasks/{guarded.things['task_id']}").json()["goal"] == GOAL
        assert api.get(f"/api/v1/arms/retriever/documents/{guarded.things['document_id']}").status_code == 200
        assert api.get("/api/v1/cache/alices").status_code == 200


def test_lists_hold_ones_own(guarded: Guarded) -> None:
    seen: dict[str, set[str]] = {}
    for who in ("alice", "carol", "mallory", "helper", "root"):
        with guarded.api(who) as api:
            pages = [
                api.get("/api/v1/tasks", params=params).json()
                for params in (
                    {},
                    {"sort_by": "status", "order": "asc"},
                    {"status": ["queued", "processing", "completed"]},
                    {"created_after": "2020-01-01T00:00:00Z"},
                )
            ]
        ids = [{it["task_id"] for it in page["data"]} for page in pages]
        assert ids.count(ids[0]) == len(ids)
        assert {page["pagination"]["total_items"] for page in pages} == {len(ids[0])}
        seen[who] = ids[0]
    mine = {guarded.things["task_id"]}
    assert seen == {"alice": mine, "carol": set(), "mallory": set(), "helper": mine, "root": mine}
    with guarded.api("mallory") as api:
        assert [it["subject"] for it in api.get("/api/v1/keys").json()["data"]] == ["mallory"]
        audit = api.get("/api/v1/audit", params={"page_size": 100}).json()["data"]
        assert {it["tenant"] for it in audit} <= {"evil"}
        search = api.post("/api/v1/arms/retriever/search", json={"query": "gate key"})
        assert search.json()["passages"] == []


def test_the_same_idempotency_key_of_another_subject_is_another(guarded: Guarded) -> None:
    with guarded.api("carol") as api:
        made = api.post("/api/v1/tasks", json={"goal": "Another."}, headers={"Idempotency-Key": "one"})
        assert made.status_code == 202
        assert made.json()["task_id"] != guarded.things["task_id"]
        api.delete(f"/api/v1/tasks/{made.json()['task_id']}")
    with guarded.api("alice") as api:
        again = api.post("/api/v1/tasks", json={"goal": GOAL}, headers={"Idempotency-Key": "one"})
    assert again.json()["task_id"] == guarded.things["task_id"]


def test_the_command_line_shows_a_token(guarded: Guarded) -> None:
    root = guarded.keys["root"]
    refused = guarded.octollm("tasks", "list")
    assert (refused.returncode, "valid credentials" in refused.stderr) == (1, True)
    assert guarded.octollm("tasks", "list", token=root).returncode == 0
    made = guarded.octollm("keys", "create", "short", "--days", "1", "--json", token=root)
    key = json.loads(made.stdout)
    assert (key["tenant"], key["roles"], key["expires_at"] is not None) == ("acme", ["user"], True)
    listed = json.loads(guarded.octollm("keys", "list", "--json", token=root).stdout)
    assert {it["subject"] for it in listed["data"]} >= {"root", "alice", "short"}
    assert all("secret" not in it for it in listed["data"])
    assert guarded.octollm("keys", "revoke", key["secret"], token=root).returncode == 0
    guarded.keys["short"] = key["secret"]
    deadline = time.monotonic() + 8
    with guarded.api("short") as api:
        while api.get("/api/v1/tasks").status_code != 401:
            assert time.monotonic() < deadline
    assert guarded.octollm("audit", "--json", token="no\u00fcmlaut").returncode == 1
    lines = json.loads(guarded.octollm("audit", "--json", "--page-size", "100", token=root).stdout)["data"]
    local = json.loads(
        guarded.octollm("audit", "--json", "--page-size", "100", "--local", "--tenant", "acme").stdout
    )["data"]
    for log in (lines, local):
        told = {(it["subject"], it["action"], it["object"], it["outcome"]) for it in log}
        assert ("alice", "task.create", guarded.things["task_id"], "allowed") in told
        assert ("root", "key.revoke", key["key_id"], "allowed") in told
        assert ("operator@local", "key.create", guarded.keys["alice"].split("_")[1], "allowed") in told


def test_a_text_is_checked_with_a_token(guarded: Guarded) -> None:
    text = guarded.platform.data_dir / "text.txt"
    text.write_text("a text like any other")
    refused = guarded.octollm("check", str(text))
    assert (refused.returncode, "valid credentials" in refused.stderr) == (1, True)
    checked = guarded.octollm("check", str(text), "--json", "--token", guarded.keys["alice"])
    assert json.loads(checked.stdout)["action"] == "allow", checked.stderr


def test_the_signing_key_is_changed_and_work_goes_on(guarded: Guarded) -> None:
    soon = guarded.octollm("keys", "rotate-signing")
    assert (soon.returncode, "older keys verify until" in soon.stdout) == (0, True), soon.stderr
    now = guarded.octollm("keys", "rotate-signing", "--now")
    assert (now.returncode, "older keys are dropped" in now.stdout) == (0, True), now.stderr
    with guarded.api("alice") as api:
        made = api.post("/api/v1/tasks", json={"goal": GOAL}).json()
        task = api.get(f"/api/v1/tasks/{made['task_id']}", params={"wait": 60}).json()
        assert task["status"] == "completed", task
        search = api.post("/api/v1/arms/retriever/search", json={"query": "gate key"})
        assert search.status_code == 200, search.text
    log = json.loads(guarded.octollm("audit", "--json", "--local").stdout)["data"]
    changes = [it["object"] for it in log if it["action"] == "signing_key.rotate"]
    assert changes == [said.stdout.split()[0] for said in (now, soon)]


def test_no_secret_is_in_any_log(guarded: Guarded) -> None:
    text = "".join(
        path.read_text(errors="replace") for path in (guarded.platform.data_dir / "logs").glob("*.log")
    )
    for who, key in guarded.keys.items():
        assert key.rpartition("_")[2] not in text, who
    internal = (guarded.platform.data_dir / "internal.key").read_text().strip()
    assert internal not in text
