"""Runs programs in the sandbox for the tests, in a process that can be of another user, and killed.

Reads one JSON request a line, answers with one JSON line; the first line it writes tells whether it is ready.
"""

import asyncio
import dataclasses
import json
import os
import sys
from pathlib import Path

from arms.executor.sandbox.account import Account, sandbox_account
from arms.executor.sandbox.javascript import javascript_program
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.open import open_sandbox
from arms.executor.sandbox.parts import find_parts
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Sandbox
from arms.executor.sandbox.self_test import attempts_source, self_test
from servicekit.errors import OctoError

ORDINARY = 4711


async def serve(staging_dir: Path, *, user: str) -> None:
    account = sandbox_account()
    if user == "as-is":
        account = dataclasses.replace(account, changes=False)
    if user == "ordinary" and account.changes:
        await serve_as_ordinary_user(staging_dir)
        return
    async with open_sandbox(account=account, staging_dir=staging_dir, places=2) as sandbox:
        await answer(sandbox)


async def serve_as_ordinary_user(staging_dir: Path) -> None:
    """Find the parts while we can read them, then be somebody who never was root."""
    account = Account(uid=ORDINARY, gid=ORDINARY, changes=True)
    parts = find_parts(account=account, staging_dir=staging_dir)
    attempts = attempts_source()
    os.setgroups([])
    os.setresgid(ORDINARY, ORDINARY, ORDINARY)
    os.setresuid(ORDINARY, ORDINARY, ORDINARY)
    parts = dataclasses.replace(parts, account=sandbox_account())
    assert not parts.account.changes
    sandbox = Sandbox(parts=parts, places=2)
    await self_test(sandbox, attempts=attempts)
    await answer(sandbox)


async def answer(sandbox: Sandbox) -> None:
    say({"ready": True})
    while line := await asyncio.to_thread(sys.stdin.readline):
        say(await run(sandbox, json.loads(line)))


async def run(sandbox: Sandbox, request: dict) -> dict:
    program = program_of(sandbox, request)
    program = dataclasses.replace(program, argv=(*program.argv, request["mark"]))
    outcome, stdout, stderr = await sandbox.outcome(program, limits=Limits(**request["limits"]))
    told = dataclasses.asdict(outcome)
    told["files"] = {name: content.decode(errors="replace") for name, content in outcome.files.items()}
    return {**told, "stdout": stdout.decode(errors="replace"), "stderr": stderr.decode(errors="replace")}


def program_of(sandbox: Sandbox, request: dict) -> Program:
    if request.get("language") == "javascript":
        memory = Limits(**request["limits"]).memory_bytes
        return javascript_program(sandbox.parts, source=request["source"], memory_bytes=memory)
    return python_program(
        sandbox.parts,
        source=request["source"],
        files={name: content.encode() for name, content in request["files"].items()},
        outputs=tuple(request["outputs"]),
    )


def say(answer: dict) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        asyncio.run(serve(Path(sys.argv[1]), user=sys.argv[2]))
    except OctoError as error:
        say({"ready": False, "reason": error.reason, "message": error.message})
