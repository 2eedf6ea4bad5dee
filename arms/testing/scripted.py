"""A model that says what a test wants, in turn."""

from collections import deque
from collections.abc import AsyncIterator, Sequence

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from arms.model.candidate import Candidate
from arms.model.layer import ModelLayer
from arms.model.provider import Connection, ModelHealth, estimate_tokens
from arms.model.queue import ModelQueue
from arms.model.usage import Tariff
from servicekit.errors import UnavailableError
from servicekit.status_board import Health

_WINDOW = 16_384


class ScriptedProvider:
    """A provider whose model gives prepared answers; without one that is left it is not there.

    Args:
        answers: what the model says, one a request.
    """

    title = "scripted"
    tariff = Tariff(model="scripted")
    places = 1
    look_seconds = 3600.0
    tells_odds = False

    def __init__(self, answers: Sequence[str]) -> None:
        self._answers = deque(answers)

    async def health(self) -> ModelHealth:
        """How it stands now."""
        if self._answers:
            return ModelHealth(health=Health.HEALTHY)
        return ModelHealth(health=Health.UNAVAILABLE, detail="the test has no answer prepared")

    async def connect(self) -> Connection:
        """The way to it.

        Raises:
            UnavailableError: no answer is left.
        """
        if not self._answers:
            raise UnavailableError("the test has prepared no answer of the model", reason="MODEL_NOT_READY")
        answer = self._answers.popleft()

        def respond(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            del messages, info
            return ModelResponse(parts=[TextPart(answer)])

        async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
            del messages, info
            yield answer

        model = FunctionModel(respond, stream_function=stream)
        return Connection(model=model, window=_WINDOW, count=estimate_tokens)


def scripted_layer(answers: Sequence[str]) -> ModelLayer:
    """A model layer that says these, one a request."""
    provider = ScriptedProvider(answers)
    queue = ModelQueue(places=provider.places, most_waiting=16)
    return ModelLayer(candidates=[Candidate(provider=provider, queue=queue)])
