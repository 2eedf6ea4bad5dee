"""`serve NAME...` as a process: readiness, order, signals, and failures told to whoever started it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.readiness import READY_FD, Ready, await_ready
from servicekit.tied import tied
from tests.support.fake_run import HERE, notes_in, until_noted

FAKE = [sys.executable, "-P", str(HERE / "fake_services.py")]


class Served:
    """One process that serves fake services.

    Args:
        process: the process.
        reading: our end of its readiness pipe.
        data_dir: where it notes what happens.
    """

    def __init__(self, process: asyncio.subprocess.Process, *, reading: int, data_dir: Path) -> None:
        self.process = process
        self.reading = reading
        self.data_dir = data_dir

    async def ready(self) -> Ready | None:
        return await asyncio.wait_for(await_ready(self.reading), 30)

    def notes(self) -> list[str]:
        return notes_in(self.data_dir)

    async def log(self) -> str:
        _, errors = await self.process.communicate()
        return errors.decode()


async def serve(*names: str, data_dir: Path, environ: Mapping[str, str] | None = None) -> Served:
    reading, writing = os.pipe()
    sockets = data_dir / "s"
    sockets.mkdir()
    free = json.dumps(dict.fromkeys(("gateway", "orchestrator", "reflex", "arms"), 0))
    told = {
        "OCTOLLM_DATA_DIR": str(data_dir),
        "OCTOLLM_SOCKET_DIR": str(sockets),
        "OCTOLLM_PORTS": free,
        "OCTOLLM_GRPC_PORTS": free,
        READY_FD: str(writing),
    }
    process = await asyncio.create_subprocess_exec(
        *tied([*FAKE, *names]),
        env={**os.environ, **told, **(environ or {})},
        stderr=asyncio.subprocess.PIPE,
        pass_fds=(writing,),
    )
    os.close(writing)
    return Served(process, reading=reading, data_dir=data_dir)


async def test_services_are_built_drained_and_unwound_in_order(data_dir: Path) -> None:
    served = await serve("orchestrator", "reflex", data_dir=data_dir)
    ready = await served.ready()
    assert ready is not None
    assert not ready.error
    assert list(ready.endpoints) == ["orchestrator", "reflex"]
    assert ready.endpoints["reflex"]["socket"].endswith("/s/reflex.sock")
    served.process.terminate()
    lines = [json.loads(line) for line in (await served.log()).splitlines()]
    assert await served.process.wait() == 0
    assert [line["message"] for line in lines] == ["ready", "stopping", "stopped"]
    assert served.notes() == [
        *("orchestrator runs", "reflex runs"),
        *("orchestrator drains", "reflex drains", "reflex ended", "orchestrator ended"),
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_repeated_signal_cuts_the_drain_short(data_dir: Path, number: signal.Signals) -> None:
    environ = {"FAKE_TROUBLE": "slow:gateway", "OCTOLLM_DRAIN_SECONDS": "600"}
    served = await serve("gateway", data_dir=data_dir, environ=environ)
    assert await served.ready()
    served.process.send_signal(number)
    await until_noted(data_dir, "gateway drains")
    served.process.send_signal(number)
    await served.log()
    assert await served.process.wait() == 0
    assert served.notes()[-1] == "gateway ended"


async def test_a_signal_while_building_ends_it(data_dir: Path) -> None:
    served = await serve("reflex", "gateway", data_dir=data_dir, environ={"FAKE_TROUBLE": "hang:gateway"})
    await until_noted(data_dir, "gateway hangs")
    served.process.terminate()
    assert await served.ready() is None
    await served.log()
    assert await served.process.wait() == 0
    assert served.notes()[-1] == "reflex ended"


async def test_a_service_that_cannot_run_is_told_and_the_built_ones_are_undone(data_dir: Path) -> None:
    served = await serve("reflex", "arms", data_dir=data_dir, environ={"FAKE_TROUBLE": "refuse:arms"})
    ready = await served.ready()
    assert ready is not None
    assert ready.error == "arms has no luck today"
    assert "arms has no luck today" in json.loads((await served.log()).splitlines()[-1])["message"]
    assert await served.process.wait() == 1
    assert served.notes() == ["reflex runs", "reflex ended"]


async def test_an_unknown_service_is_refused_by_name(data_dir: Path) -> None:
    served = await serve("gatway", data_dir=data_dir)
    assert "There is no service 'gatway'" in await served.log()
    assert await served.process.wait() == 1
    assert await served.ready() is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["gatway"], "There is no service 'gatway'"),
        (["all", "gateway"], "`all` stands alone"),
        (["orchestrator"], "OCTOLLM_DATABASE_URL"),
        (["all", "--port", "65533"], "There is no port 65540"),
        (["gateway", "--port", "-1"], "Invalid value for '--port'"),
    ],
)
async def test_the_command_says_what_is_wrong(data_dir: Path, arguments: list[str], text: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OCTOLLM_")}
    process = await asyncio.create_subprocess_exec(
        *tied([sys.executable, "-P", "-m", "cli.main", "serve", *arguments, "--data-dir", data_dir]),
        env={**environ, "COLUMNS": "200", "TERM": "dumb"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert text in errors.decode()
    assert "Traceback" not in errors.decode()
    assert process.returncode in {1, 2}


async def test_only_named_services_are_imported() -> None:
    services = {"gateway", "orchestrator", "reflex", "arms"}
    code = f"import sys, cli.serve; print(sorted({services} & set(sys.modules)))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", code, stdout=asyncio.subprocess.PIPE
    )
    assert (await process.communicate())[0] == b"[]\n"
