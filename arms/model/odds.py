"""How likely a model's one-word answer is yes rather than no, by the probabilities of its first token."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic_ai.messages import ModelResponse
from pydantic_ai.models.openai import OpenAIChatModelSettings

from arms.model.failures import UnusableOutputError

_ALTERNATIVES = 20
"""Tokens that are looked at; yes and no are spelled in several ways."""

ODDS_SETTINGS = OpenAIChatModelSettings(openai_logprobs=True, openai_top_logprobs=_ALTERNATIVES)
"""What asks an OpenAI-compatible server for probabilities."""


def share_of_yes(response: ModelResponse) -> float:
    """The probability of yes among yes and no, 0 to 1.

    Raises:
        UnusableOutputError: the answer came without probabilities, or with neither word among the likeliest.
    """
    tokens: Any = (response.provider_details or {}).get("logprobs") or [{}]
    likeliest = cast("Sequence[Mapping[str, Any]]", tokens[0].get("top_logprobs") or ())
    yes, no = (_probability(word, likeliest) for word in ("yes", "no"))
    if not yes + no:
        raise UnusableOutputError("the model answered neither yes nor no", reason="MODEL_OUTPUT_INVALID")
    return yes / (yes + no)


def _probability(word: str, tokens: Sequence[Mapping[str, Any]]) -> float:
    return sum(math.exp(each["logprob"]) for each in tokens if each["token"].strip().lower() == word)
