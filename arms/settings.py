"""The arms' settings, read once from OCTOLLM_* variables."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from arms.model.layer import ModelChoice
from servicekit.settings import ServiceSettings


class ArmsSettings(ServiceSettings):
    """What the arms need to know of their surroundings."""

    model_config = SettingsConfigDict(
        env_prefix="OCTOLLM_", frozen=True, extra="ignore", protected_namespaces=()
    )

    model: str = "local"
    """local, local-small, openai:MODEL, anthropic:MODEL, or any name with `model_base_url`.

    Several with commas between them are asked in this order until one answers.
    """
    model_base_url: str = ""
    """An OpenAI-compatible server to use, such as ``http://127.0.0.1:8080/v1``; empty for none."""
    model_api_key: SecretStr = SecretStr("")
    """That server's key; empty for none. Hosted models take the providers' own variables."""
    model_state_file: Path | None = None
    """Where the local model's server tells how far it is."""
    model_window: int | None = None
    """Tokens that a request to a model elsewhere may hold, prompt and answer; None takes the usual."""
    model_seconds: float | None = None
    """Seconds that one model of several may take before the next is asked; None leaves it to the deadline."""
    model_places: int | None = None
    """Requests sent to a model elsewhere at once; None takes the usual."""
    trace_content: bool = False
    """Whether traces carry prompts and answers; they hold whatever users and documents say."""
    advertise_host: str | None = None
    """The name under which others reach our TCP ports; None takes `host`."""

    def model_choice(self) -> ModelChoice:
        """Which model."""
        return ModelChoice(
            name=self.model,
            base_url=self.model_base_url,
            api_key=self.model_api_key.get_secret_value(),
            state_file=self.model_state_file,
            window=self.model_window,
            places=self.model_places,
            seconds=self.model_seconds,
            trace_content=self.trace_content,
        )
