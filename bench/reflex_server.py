"""A reflex in a process of its own, for bench.reflex: prints its address and serves until its input ends."""

import asyncio
import gc
import sys

from reflex.app import build
from reflex.settings import ReflexSettings


async def main() -> None:
    async with build(ReflexSettings(grpc_ports={"reflex": 0})) as running:
        gc.collect()
        gc.freeze()  # as cli.serve does
        print(running.endpoints["grpc"], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
