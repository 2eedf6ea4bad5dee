"""One small interpreter in its sandbox: takes a line, answers with one, and is given up at anything odd."""

import json
import os
import time
from contextlib import ExitStack
from importlib.resources import files
from typing import Any

from arms.executor.interpreter.expression import Bounds, Evaluation, Expression, NotEvaluatedError
from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.files import WORK
from arms.executor.sandbox.limits import MEBIBYTE, Limits
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.start import readable_within, started
from arms.executor.sandbox.tools import MONTY_INSIDE, Missing
from arms.executor.sandbox.watchdog import excess, family

MOST_RUNS = 500
"""Evaluations by one process; then another takes its place."""

MOST_ANSWER_BYTES = 4 * MEBIBYTE
"""JSON doubles what the driver lets pass, at worst."""

TICK_SECONDS = 0.02
START_SECONDS = 20.0
GRACE_SECONDS = 1.0

LIFE_LIMITS = Limits(
    wall_seconds=600, memory_bytes=320 * MEBIBYTE, disk_bytes=MEBIBYTE, inodes=32, processes=16
)
"""Of the process as a whole; an evaluation has bounds of its own. The clock counts processor time only."""


class OddError(Exception):
    """The process did what it never does: it is not trusted with another evaluation."""


class Worker:
    """A process that evaluates for one tenant. Start, use and stop it in one thread: it dies with that one.

    Args:
        parts: what its sandbox is made of.

    Raises:
        NotEvaluatedError: there is no small interpreter here.
        SandboxUnavailableError: the sandbox cannot be made.
    """

    def __init__(self, *, parts: Parts) -> None:
        self._runs = 0
        self._cleanup = ExitStack()
        program = _program(parts)
        try:
            self._running = self._cleanup.enter_context(started(program, parts=parts, limits=LIFE_LIMITS))
            self.evaluate(Expression(source="1"), bounds=Bounds(seconds=START_SECONDS))
        except (OddError, OSError) as error:
            self._cleanup.close()
            raise SandboxUnavailableError(f"the small interpreter does not start: {error}.") from error
        self._processes = self._family()

    @property
    def is_worn(self) -> bool:
        """Whether it has served its time."""
        return self._runs > MOST_RUNS

    def evaluate(self, expression: Expression, *, bounds: Bounds) -> Evaluation:
        """Evaluate in a session of its own.

        Raises:
            NotEvaluatedError: it could not, would not, or met an error.
            OddError: the process is to be stopped.
        """
        self._runs += 1
        request = {
            "source": expression.source,
            "inputs": dict(expression.inputs),
            "seconds": bounds.seconds,
            "memory": bounds.memory_bytes,
        }
        self._ask(json.dumps(request).encode() + b"\n", seconds=bounds.seconds + GRACE_SECONDS)
        answer = self._answer(deadline=time.monotonic() + bounds.seconds + GRACE_SECONDS)
        if "why" in answer:
            raise NotEvaluatedError(str(answer["why"]))
        try:
            output = tuple((str(stream), str(text)) for stream, text in answer["output"])
            return Evaluation(value=str(answer["value"]), output=output)
        except (KeyError, TypeError, ValueError) as error:
            raise OddError("its answer is none") from error

    def check(self) -> None:
        """Look whether it is still the processes that it was at the start.

        Raises:
            OddError: it started one, lost one, or takes too much.
        """
        if self._family() != self._processes or excess(self._running.first, limits=LIFE_LIMITS):
            raise OddError("it is not what it was")

    def stop(self) -> None:
        """End it and wait until it is gone."""
        self._cleanup.close()

    def _family(self) -> tuple[int, ...]:
        return tuple(family(self._running.first))

    def _ask(self, line: bytes, *, seconds: float) -> None:
        self._running.stdin.settimeout(seconds)
        try:
            self._running.stdin.sendall(line)
        except OSError as error:
            raise OddError(f"it does not listen: {error}") from error

    def _answer(self, *, deadline: float) -> dict[str, Any]:
        answer = bytearray()
        while not answer.endswith(b"\n"):
            if readable_within(self._running.stdout.fileno(), seconds=TICK_SECONDS):
                answer += self._piece(left=MOST_ANSWER_BYTES - len(answer))
            elif time.monotonic() > deadline:
                raise OddError("it does not answer")
            elif over := excess(self._running.first, limits=LIFE_LIMITS):
                raise OddError(f"it takes too much: {over}")
        try:
            found: Any = json.loads(answer)
            return dict(found)
        except (ValueError, TypeError) as error:
            raise OddError("its answer is none") from error

    def _piece(self, *, left: int) -> bytes:
        piece = os.read(self._running.stdout.fileno(), 65536)
        if not piece:
            raise OddError(f"it ended: {self._last_words()}")
        if len(piece) > left:
            raise OddError("its answer does not end")
        return piece

    def _last_words(self) -> str:
        errors = self._running.stderr
        said = os.read(errors.fileno(), 65536) if readable_within(errors.fileno(), seconds=1.0) else b""
        return said.decode(errors="replace").strip()[-300:]


def _program(parts: Parts) -> Program:
    if isinstance(parts.monty, Missing):
        raise NotEvaluatedError(parts.monty.why)
    inside = files("arms.executor.interpreter")
    return Program(
        argv=(str(parts.interpreter.path), "-s", "-B", str(WORK / "driver.py"), str(parts.monty.path)),
        files={name: inside.joinpath(name).read_bytes() for name in ("driver.py", "value.py")},
        environment={**parts.interpreter.environment, "PYTHONPATH": str(MONTY_INSIDE / "lib")},
        binds=parts.monty.binds,
        listens=True,
    )
