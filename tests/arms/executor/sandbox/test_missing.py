"""Where the sandbox cannot hold, nothing runs, and the message says what to change."""

import dataclasses
import sys
from pathlib import Path

import pytest

from arms.executor.sandbox.account import Account, sandbox_account
from arms.executor.sandbox.advice import advice
from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.outcome import Outcome
from arms.executor.sandbox.parts import Parts, find_parts
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Sandbox
from arms.executor.sandbox.self_test import attempts_source, self_test
from tests.arms.executor.sandbox.executor import Executor

NO_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'


def test_without_user_namespaces_the_executor_says_what_to_change(staging_dir: Path) -> None:
    before = ("unshare", "--user", "--map-root-user", "sh", "-c", NO_NAMESPACES, "sh")
    with Executor(staging_dir=staging_dir, user="as-is", before=before) as executor:
        assert executor.greeting["reason"] == "SANDBOX_UNAVAILABLE"
        assert "sysctl -w user.max_user_namespaces" in executor.greeting["message"]


@pytest.mark.parametrize("program", ["/bin/false", "/bin/true", "/nonexistent"])
async def test_without_bubblewrap_nothing_runs(parts: Parts, program: str) -> None:
    sandbox = Sandbox(parts=dataclasses.replace(parts, bubblewrap=Path(program)), places=1)
    with pytest.raises(SandboxUnavailableError):
        await sandbox.outcome(python_program(parts, source="print(1)"), limits=Limits())


async def test_a_sandbox_without_its_filter_fails_the_self_test(parts: Parts) -> None:
    allow_all = bytes.fromhex("060000000000ff7f")
    sandbox = Sandbox(parts=dataclasses.replace(parts, filter=allow_all), places=1)
    with pytest.raises(SandboxUnavailableError, match=r"broke out by .*ptrace, memfd_create, shmget"):
        await self_test(sandbox, attempts=attempts_source())


async def test_a_filter_that_the_kernel_refuses_means_no_sandbox(parts: Parts) -> None:
    sandbox = Sandbox(parts=dataclasses.replace(parts, filter=b"\xff" * 8), places=1)
    with pytest.raises(SandboxUnavailableError):
        await sandbox.outcome(python_program(parts, source="print(1)"), limits=Limits())


def test_parts_that_others_could_have_written_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    program.parent.mkdir()
    program.touch(mode=0o755)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "os.py").touch()
    (tmp_path / "lib" / "os.py").chmod(0o666)
    monkeypatch.setattr("sys.base_prefix", str(tmp_path))
    with pytest.raises(SandboxUnavailableError, match=r"os\.py can be changed by others"):
        find_parts(account=sandbox_account(), staging_dir=tmp_path)


def test_a_staging_place_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    tmp_path.chmod(0o700)
    base = tmp_path / "python"
    (base / "bin").mkdir(parents=True)
    (base / "lib").mkdir()
    (base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}").touch()
    monkeypatch.setattr("sys.base_prefix", str(base))
    account = Account(uid=4711, gid=4711, changes=True)
    with pytest.raises(SandboxUnavailableError, match="OCTOLLM_EXECUTOR_STAGING_DIR"):
        find_parts(account=account, staging_dir=blocked / "below")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("sys/user/max_user_namespaces", "0\n", "user.max_user_namespaces"),
        ("sys/kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone"),
        ("sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", "AppArmor"),
        ("self/status", "Name:\tx\nSeccomp:\t2\n", "--security-opt"),
    ],
)
def test_advice_names_the_obstacle(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/user").touch()
    assert advice(root=tmp_path) == ""
    (tmp_path / "proc" / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "proc" / name).write_text(content)
    assert told in advice(root=tmp_path)


def test_advice_without_namespaces_speaks_of_linux(tmp_path: Path) -> None:
    assert "macOS" in advice(root=tmp_path)


async def test_the_working_parts_work(parts: Parts) -> None:
    sandbox = Sandbox(parts=parts, places=1)
    outcome, stdout, _ = await sandbox.outcome(python_program(parts, source="print(6 * 7)"), limits=Limits())
    assert isinstance(outcome, Outcome)
    assert (outcome.exit_code, stdout) == (0, b"42\n")
