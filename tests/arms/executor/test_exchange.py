"""A reply that does not end is cut by the clock, with what had come."""

from arms.executor.actions import HttpAction
from arms.executor.exchange import exchanged
from arms.executor.sandbox.outcome import Outcome, StoppedBy
from arms.executor.sandbox.sandbox import Output
from servicekit.egress.request import Request
from tests.servicekit.egress.conftest import served, way_to


async def test_a_body_that_stays_away() -> None:
    async with served(tls=True) as server:
        server.answers["/"] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"
        server.stays_open = True
        request = Request(method="GET", url=f"https://service.test:{server.port}/")
        action = HttpAction(request=request, seconds=0.5)
        events = [event async for event in exchanged(action, fetcher=way_to(server), cap=100)]
    assert events[1] == Output(stream="stdout", data=b"ab")
    outcome = events[-1]
    assert isinstance(outcome, Outcome)
    assert (outcome.exit_code, outcome.stopped_by, outcome.truncated) == (200, StoppedBy.WALL_CLOCK, True)
