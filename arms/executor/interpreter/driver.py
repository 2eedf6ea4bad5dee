"""Runs inside: evaluates one expression a line, each in a session of its own that knows nothing of others."""

import json
import sys
from typing import Any

from pydantic_monty import CollectStreams, Monty, MontyCrashedError, MontyError
from value import as_json  # pyright: ignore[reportMissingImports, reportUnknownVariableType]  # inside it is beside us

MOST_BYTES = 262_144
"""Of output, and of a value; the sandbox takes what writes more."""

GRACE_SECONDS = 0.5


def evaluated(pool: Monty, request: dict[str, Any]) -> dict[str, Any]:
    """Evaluate; "why" says why it was not, for whatever reason."""
    written = CollectStreams(max_bytes=MOST_BYTES)
    limits: Any = {
        "max_feed_duration_secs": request["seconds"],
        "max_memory": request["memory"],
        "max_recursion_depth": 200,
        "max_total_sleep_secs": 0.0,
    }
    try:
        with pool.checkout(script_name="expression.py", limits=limits) as session:
            value = session.feed_run(request["source"], inputs=request["inputs"], print_callback=written)
        told = as_json(value)
    except MontyCrashedError:
        raise  # whoever watches us starts another
    except (MontyError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        return {"why": f"{type(error).__name__}: {error}"[:500]}
    if len(told) > MOST_BYTES:
        return {"why": "its value is long"}
    return {"value": told, "output": written.output}


def main(binary: str) -> None:
    """Serve until the other side closes."""
    with Monty(binary_path=binary, min_processes=1, max_processes=1, request_timeout=30.0) as pool:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(evaluated(pool, json.loads(line))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
