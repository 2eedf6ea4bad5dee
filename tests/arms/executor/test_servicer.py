"""The executor at the wire: actions, steps, limits, and what it says when it has no sandbox."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import grpc
import orjson
import pytest
import pytest_asyncio
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc, execution_pb2, executor_pb2, executor_pb2_grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc

from arms.executor.app import host_executor
from arms.executor.settings import ExecutorSettings
from arms.host import HostedArm, Shared, serve_arms
from arms.model.layer import ModelChoice, open_model_layer
from arms.permission.unchecked import unchecked
from arms.settings import ArmsSettings
from servicekit.channel import open_channel
from servicekit.errors import OctoError
from tests.arms.executor.sandbox.executor import bearers
from tests.arms.executor.without_sandbox import ACTIONS
from tests.servicekit.egress.conftest import Server, answer, served, way_to

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def serving(hosted: HostedArm) -> AsyncGenerator[grpc.aio.Channel]:
    """Run the executor, and give a channel to it."""
    async with (
        open_model_layer(ModelChoice(name="local")) as layer,
        serve_arms(
            [hosted],
            shared=Shared(
                settings=ArmsSettings(grpc_ports={"executor": 0}),
                layer=layer,
                register=None,
                verifiers=unchecked,
            ),
        ) as running,
        open_channel(running.endpoints["executor"], timeout=60) as channel,
    ):
        yield channel


async def status_when(channel: grpc.aio.Channel, *, text: str) -> status_pb2.GetStatusResponse:
    """Wait until the executor says this of its sandbox."""
    while True:
        status = await status_pb2_grpc.StatusServiceStub(channel).GetStatus(status_pb2.GetStatusRequest())
        (sandbox,) = [each for each in status.dependencies if each.name == "sandbox"]
        if text in (sandbox.detail or "healthy"):
            return status
        await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncGenerator[Server]:
    """Run a server that the executor may ask."""
    async with served(tls=True) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def channel(staging_dir: Path, server: Server) -> AsyncGenerator[grpc.aio.Channel]:
    """Run an executor whose sandbox is ready."""
    settings = ExecutorSettings(executor_staging_dir=staging_dir, executor_places=2)
    async with serving(host_executor(settings, fetcher=way_to(server))) as channel:
        await status_when(channel, text="healthy")
        yield channel


async def run(
    channel: grpc.aio.Channel, request: executor_pb2.RunActionRequest
) -> tuple[executor_pb2.ActionOutcome, bytes, bytes]:
    """Run an action to its end."""
    request.timeout_seconds = request.timeout_seconds or 20
    events = [event async for event in executor_pb2_grpc.ExecutorServiceStub(channel).RunAction(request)]
    assert [event.HasField("outcome") for event in events] == [False] * (len(events) - 1) + [True]
    written = {"stdout": b"", "stderr": b""}
    for event in events[:-1]:
        written[event.chunk.stream] += event.chunk.data
    return events[-1].outcome, written["stdout"], written["stderr"]


def python(source: str, *outputs: str) -> executor_pb2.RunActionRequest:
    return executor_pb2.RunActionRequest(python=executor_pb2.PythonAction(source=source, outputs=outputs))


def shell(*argv: str) -> executor_pb2.RunActionRequest:
    return executor_pb2.RunActionRequest(shell=executor_pb2.ShellAction(argv=argv))


async def test_python(channel: grpc.aio.Channel) -> None:
    request = python("print(open('a.txt').read()); open('b.bin', 'wb').write(b'\\xff')", "b.bin", "missing")
    request.files.append(execution_pb2.Artifact(name="a.txt", content="hello", encoding="utf-8"))
    outcome, stdout, stderr = await run(channel, request)
    assert (outcome.exit_code, outcome.stopped_by, stdout, stderr) == (0, "", b"hello\n", b"")
    assert [(file.name, file.content, file.encoding) for file in outcome.files] == [
        ("b.bin", "/w==", "base64")
    ]
    assert (outcome.provenance.arm_id, outcome.provenance.method) == ("executor", "sandbox")


async def test_javascript(channel: grpc.aio.Channel) -> None:
    source = "console.log(require('fs').readFileSync('a.txt', 'utf8')); require('fs').writeFileSync('b', 'x')"
    action = executor_pb2.JavaScriptAction(source=source, outputs=["b"])
    request = executor_pb2.RunActionRequest(javascript=action)
    request.files.append(execution_pb2.Artifact(name="a.txt", content="hello", encoding="utf-8"))
    outcome, stdout, stderr = await run(channel, request)
    assert (outcome.exit_code, stdout, stderr) == (0, b"hello\n", b"")
    assert [(file.name, file.content) for file in outcome.files] == [("b", "x")]
    assert outcome.seconds > 0


async def test_output_comes_while_the_program_runs(channel: grpc.aio.Channel) -> None:
    request = python("import time\nprint('early')\ntime.sleep(60)")
    request.timeout_seconds = 60
    call = executor_pb2_grpc.ExecutorServiceStub(channel).RunAction(request)
    first = await anext(aiter(cast("Any", call)))
    assert (first.chunk.stream, first.chunk.data.strip()) == ("stdout", b"early")
    call.cancel()


def expression(source: str, **inputs: Any) -> executor_pb2.RunActionRequest:
    action = executor_pb2.ExpressionAction(source=source, inputs_json=orjson.dumps(inputs).decode())
    return executor_pb2.RunActionRequest(expression=action)


GENERATOR = "def squares(n):\n    for i in range(n):\n        yield i * i\nprint('on')\nlist(squares(x))"


@pytest.mark.parametrize(
    ("source", "value", "stdout", "method"),
    [
        ("x * 14", "42", b"", "interpreter"),
        ("print(x)\nstr(x)", '"3"', b"3\n", "interpreter"),
        ("y = x", "null", b"", "interpreter"),
        (GENERATOR, "[0, 1, 4]", b"on\n", "sandbox"),
        ("import statistics\nstatistics.mean([x, 5])", "4", b"", "sandbox"),
        ("import fractions\nfractions.Fraction(x, 4)", '"Fraction(3, 4)"', b"", "sandbox"),
    ],
)
async def test_expressions(
    channel: grpc.aio.Channel, source: str, value: str, stdout: bytes, method: str
) -> None:
    outcome, out, err = await run(channel, expression(source, x=3))
    assert (outcome.exit_code, outcome.value_json, out) == (0, value, stdout), err
    assert outcome.provenance.method == method
    assert list(outcome.files) == []


async def test_an_expression_that_fails_is_told_by_python(channel: grpc.aio.Channel) -> None:
    outcome, _, err = await run(channel, expression("a = 1\na / (x - 3)", x=3))
    assert (outcome.exit_code, outcome.value_json) == (1, "")
    assert b'File "expression.py", line 2' in err
    assert b"ZeroDivisionError" in err


async def test_an_expression_that_does_not_end(channel: grpc.aio.Channel) -> None:
    request = expression("while True: pass")
    request.timeout_seconds = 1
    assert (await run(channel, request))[0].stopped_by == "wall_clock"


@pytest.mark.parametrize("inputs", ["[1]", "{", "1", '"x"'])
async def test_inputs_that_are_no_object(channel: grpc.aio.Channel, inputs: str) -> None:
    action = executor_pb2.ExpressionAction(source="1", inputs_json=inputs)
    with pytest.raises(OctoError) as caught:
        await run(channel, executor_pb2.RunActionRequest(expression=action))
    assert (caught.value.reason, caught.value.field) == ("INPUTS_INVALID", "expression.inputs_json")


async def test_each_capability_has_its_own_longest_time(channel: grpc.aio.Channel) -> None:
    asked = executor_pb2.HttpAction(method="GET", url="https://example.org/")
    for request in (shell("echo"), executor_pb2.RunActionRequest(http=asked)):
        request.timeout_seconds = 61
        with pytest.raises(OctoError, match="61 are asked for") as caught:
            await run(channel, request)
        assert caught.value.reason == "TIMEOUT_TOO_LONG"
    request = python("print(1)")
    request.timeout_seconds = 300
    assert (await run(channel, request))[0].exit_code == 0


async def test_each_capability_has_its_own_memory(channel: grpc.aio.Channel) -> None:
    hungry = python("block = bytearray(400 * 2**20)")
    assert (await run(channel, hungry))[0].exit_code == 0
    greedy = shell("awk", 'BEGIN { s = sprintf("%1000000s", ""); while (1) kept = kept s }')
    outcome, _, _ = await run(channel, greedy)
    assert (outcome.exit_code, outcome.stopped_by) != (0, "")


async def test_python_that_fails(channel: grpc.aio.Channel) -> None:
    outcome, _, stderr = await run(channel, python("1 / 0"))
    assert outcome.exit_code == 1
    assert b"ZeroDivisionError" in stderr


async def test_the_wall_clock_is_the_requests(channel: grpc.aio.Channel) -> None:
    request = python("import time; time.sleep(60)")
    request.timeout_seconds = 1
    assert (await run(channel, request))[0].stopped_by == "wall_clock"


@pytest.mark.parametrize(
    ("argv", "stdout"),
    [
        (("sort", "-n", "numbers"), b"1\n2\n10\n"),
        (("wc", "-l", "numbers"), b"3 numbers\n"),
        (("awk", "{ total += $1 } END { print total }", "numbers"), b"13\n"),
        (("echo", "$HOME; `id` $(id) && *"), b"$HOME; `id` $(id) && *\n"),
    ],
)
async def test_shell(channel: grpc.aio.Channel, argv: tuple[str, ...], stdout: bytes) -> None:
    request = shell(*argv)
    request.files.append(execution_pb2.Artifact(name="numbers", content="10\n1\n2\n"))
    outcome, out, err = await run(channel, request)
    assert (outcome.exit_code, out) == (0, stdout), err


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (("bash", "-c", "id"), "COMMAND_NOT_ALLOWED"),
        (("/usr/bin/sort",), "COMMAND_NOT_ALLOWED"),
        (("../bin/sort",), "COMMAND_NOT_ALLOWED"),
        (("",), "COMMAND_NOT_ALLOWED"),
        (("sort", "a\0b"), "ARGUMENT"),
    ],
)
async def test_commands_that_are_refused(
    channel: grpc.aio.Channel, argv: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(OctoError) as caught:
        await run(channel, shell(*argv))
    assert caught.value.reason == reason


async def test_http(channel: grpc.aio.Channel, server: Server) -> None:
    server.answers["/"] = answer(b"page", status="404 Not Found", content_type="text/plain")
    asked = executor_pb2.HttpAction(method="GET", url=f"https://service.test:{server.port}/")
    outcome, stdout, stderr = await run(channel, executor_pb2.RunActionRequest(http=asked))
    assert (outcome.exit_code, stdout) == (404, b"page")
    assert b"content-type: text/plain\n" in stderr


async def test_http_body_is_cut_at_the_cap(channel: grpc.aio.Channel, server: Server) -> None:
    server.answers["/"] = answer(bytes(3 * 2**20))
    asked = executor_pb2.HttpAction(method="GET", url=f"https://service.test:{server.port}/")
    outcome, stdout, _ = await run(channel, executor_pb2.RunActionRequest(http=asked))
    assert (outcome.stopped_by, outcome.truncated, len(stdout)) == ("output", True, 2**20)


async def test_http_that_is_silent(channel: grpc.aio.Channel, server: Server) -> None:
    server.answers["/"] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"
    asked = executor_pb2.HttpAction(method="GET", url=f"https://service.test:{server.port}/silent")
    with pytest.raises(OctoError, match="silent"):
        await run(channel, executor_pb2.RunActionRequest(http=asked, timeout_seconds=10))


@pytest.mark.parametrize("url", ["https://evil.test/", "http://service.test/", "https://127.0.0.1/"])
async def test_http_is_denied_by_default(channel: grpc.aio.Channel, url: str) -> None:
    asked = executor_pb2.HttpAction(method="GET", url=url)
    with pytest.raises(OctoError) as caught:
        await run(channel, executor_pb2.RunActionRequest(http=asked))
    assert caught.value.reason in {"HOST_NOT_ALLOWED", "URL_NOT_ALLOWED"}


async def test_a_caller_who_leaves_ends_the_program(channel: grpc.aio.Channel) -> None:
    mark = "mark-of-a-caller-who-left"
    request = python(f"import os, time; os.execv('/bin/sleep', ['{mark}', '60'])")
    request.timeout_seconds = 60
    call = executor_pb2_grpc.ExecutorServiceStub(channel).RunAction(request)
    reading = asyncio.ensure_future(anext(aiter(call)))
    await until(lambda: bool(bearers(mark)))
    reading.cancel()
    call.cancel()
    await until(lambda: not bearers(mark))


async def until(true: Callable[[], bool]) -> None:
    """Look until it is; the suite's time limit bounds it."""
    while not true():  # noqa: ASYNC110 - a process of the kernel's sets no event
        await asyncio.sleep(0.01)


async def test_capabilities(channel: grpc.aio.Channel) -> None:
    told = await arm_pb2_grpc.ArmServiceStub(channel).GetCapabilities(arm_pb2.GetCapabilitiesRequest())
    assert [each.name for each in told.capabilities] == ["code_execution", "shell_command", "http_request"]
    assert "source" in orjson.loads(told.capabilities[0].input_schema_json)["properties"]


def step(capability: str, arguments: dict, *earlier: str) -> arm_pb2.ExecuteRequest:
    return arm_pb2.ExecuteRequest(
        task=execution_pb2.TaskBrief(task_id="t"),
        step_id="s",
        attempt=1,
        idempotency_key="k",
        capability=capability,
        instruction="do",
        arguments_json=orjson.dumps(arguments).decode(),
        inputs=[execution_pb2.StepInput(step_id="e", name="write code", output=output) for output in earlier],
    )


async def execute(
    channel: grpc.aio.Channel, request: arm_pb2.ExecuteRequest
) -> tuple[arm_pb2.ExecuteResult, str]:
    events = [event async for event in arm_pb2_grpc.ArmServiceStub(channel).Execute(request)]
    return events[-1].result, "".join(event.progress.text_delta for event in events[:-1])


async def test_a_code_step(channel: grpc.aio.Channel) -> None:
    arguments = {
        "source": "print(open('in').read(), 'ü'); open('out.csv', 'w').write('a,b')",
        "files": [{"name": "in", "content": "x"}],
        "outputs": ["out.csv"],
    }
    result, streamed = await execute(channel, step("code_execution", arguments))
    assert (result.output, streamed) == ("x ü\n", "x ü\n")
    assert orjson.loads(result.output_json)["exit_code"] == 0
    assert [(each.name, each.media_type, each.content) for each in result.artifacts] == [
        ("out.csv", "text/csv", "a,b")
    ]


@pytest.mark.parametrize(
    "earlier",
    [
        "print(6 * 7)",
        "Here it is:\n\n```python\nprint(6 * 7)\n```\nIt prints.",
        "```js\n1\n```\n```py\nprint(42)\n```",
    ],
)
async def test_a_code_step_runs_the_code_of_the_step_before(channel: grpc.aio.Channel, earlier: str) -> None:
    result, _ = await execute(channel, step("code_execution", {}, "not this: (", earlier))
    assert result.output == "42\n"


async def test_a_code_step_that_fails_says_why(channel: grpc.aio.Channel) -> None:
    result, _ = await execute(channel, step("code_execution", {"source": "print(1)\nraise ValueError('no')"}))
    assert orjson.loads(result.output_json)["exit_code"] == 1
    assert result.output.startswith("1\n\n[exit status 1]")
    assert result.output.endswith("ValueError: no")


async def test_a_code_step_in_javascript_and_one_of_an_expression(channel: grpc.aio.Channel) -> None:
    earlier = "```python\nprint(1)\n```\n```js\nconsole.log(6 * 7)\n```"
    result, _ = await execute(channel, step("code_execution", {"language": "javascript"}, earlier))
    assert result.output == "42\n"
    arguments = {"language": "expression", "source": "x * 2", "inputs": {"x": 21}}
    result, _ = await execute(channel, step("code_execution", arguments))
    assert (result.output, orjson.loads(result.output_json)["value_json"]) == ("42", "42")
    assert result.provenance.method == "interpreter"


async def test_a_code_step_without_code(channel: grpc.aio.Channel) -> None:
    with pytest.raises(OctoError) as caught:
        await execute(channel, step("code_execution", {}))
    assert caught.value.reason == "SOURCE_MISSING"


async def test_a_shell_step_and_a_http_step(channel: grpc.aio.Channel, server: Server) -> None:
    arguments = {"argv": ["sort", "a"], "files": [{"name": "a", "content": "YgphCg==", "encoding": "base64"}]}
    assert (await execute(channel, step("shell_command", arguments)))[0].output == "a\nb\n"
    server.answers["/"] = answer(b"page")
    url = f"https://service.test:{server.port}/"
    result, _ = await execute(channel, step("http_request", {"url": url}))
    assert (result.output, orjson.loads(result.output_json)["exit_code"]) == ("page", 200)


@pytest.mark.parametrize(
    "arguments",
    [
        {"source": "1", "files": [{"name": "../x", "content": ""}]},
        {"source": "1", "files": [{"name": "x", "content": "?", "encoding": "base64"}]},
        {"source": "1", "files": [{"name": "x", "content": ""}, {"name": "x", "content": ""}]},
        {"source": "1", "outputs": ["/etc/passwd"]},
        {"source": "1", "timeout_seconds": 301},
    ],
)
async def test_arguments_that_are_refused(channel: grpc.aio.Channel, arguments: dict) -> None:
    with pytest.raises(OctoError) as caught:
        await execute(channel, step("code_execution", arguments))
    assert caught.value.code.name == "VALIDATION_ERROR"


@pytest.mark.parametrize("user", ["root", "ordinary"] if os.geteuid() == 0 else ["ordinary"])
async def test_without_a_sandbox_nothing_is_served_and_nothing_runs(user: str, staging_dir: Path) -> None:
    """By a process of that user, whose sandbox lacks a part."""
    before = [] if user == "root" else [sys.executable, str(ROOT / "tests/support/as_user.py")]
    process = await asyncio.create_subprocess_exec(
        *before,
        *(sys.executable, "-m", "tests.arms.executor.without_sandbox", str(staging_dir)),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "gen")])},
        stdout=asyncio.subprocess.PIPE,
    )
    told = orjson.loads((await process.communicate())[0])
    assert (told["is_root"], told["serving"]) == (user == "root", "NOT_SERVING")
    assert "Install util-linux" in told["detail"]
    assert told["actions"] == dict.fromkeys(ACTIONS, "SANDBOX_UNAVAILABLE")
    assert told["step"] == "SANDBOX_UNAVAILABLE"
    assert told["started"] == []


async def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTOLLM_EXECUTOR_COMMANDS", "wc, sort")
    monkeypatch.setenv("OCTOLLM_EXECUTOR_HTTP_HOSTS", "example.org,*.example.net")
    monkeypatch.setenv("OCTOLLM_EXECUTOR_MEMORY_MB", "128")
    settings = ExecutorSettings()
    assert settings.executor_commands == ("wc", "sort")
    assert settings.executor_http_hosts == ("example.org", "*.example.net")
    limits = settings.limits()
    assert limits.program.memory_bytes == 128 * 2**20
    assert (limits.command.memory_bytes, limits.command.processes) == (256 * 2**20, 8)


async def test_nobody_may_be_asked_by_default() -> None:
    assert ExecutorSettings().executor_http_hosts == ()
