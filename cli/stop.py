"""Turns the signals that end a program into an orderly end, and a repeated one into a quick end."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Stop:
    """Whether we were asked to stop.

    Args:
        cancel: gives up what is still being started; called when asked before ``ready``.
        hurry: shortens an orderly end that has begun; called each time we are asked again.
        ready: set it when everything runs: from then on ``asked`` is waited for.
        asked: set by the first signal.
    """

    cancel: Callable[[], object]
    hurry: Callable[[], object]
    ready: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        """Have SIGTERM, SIGINT (Ctrl-C) and SIGHUP ask; belongs into the running loop's main thread."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores it
                loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        """Take one signal."""
        again = self.asked.is_set()
        self.asked.set()
        if again:
            self.hurry()
        elif not self.ready:
            self.cancel()
