"""What each process of a run sees of our environment: no secret that it does not need."""

import pytest

from cli.supervisor.environment import for_services

SECRETS = {
    "OCTOLLM_DATABASE_URL": set[str](),
    "OCTOLLM_DATABASE_URL_FILE": set[str](),
    "OCTOLLM_REDIS_URL_FILE": set[str](),
    "OCTOLLM_TOKEN": set[str](),
    "OCTOLLM_TOKEN_FILE": set[str](),
    "OCTOLLM_JWT_SECRET": {"gateway"},
    "OCTOLLM_JWT_SECRET_FILE": {"gateway"},
    "OCTOLLM_API_KEY_PEPPER": {"orchestrator"},
    "OCTOLLM_API_KEY_PEPPER_FILE": {"orchestrator"},
    "OCTOLLM_INTERNAL_KEY": {"gateway", "orchestrator", "arms"},
    "OCTOLLM_INTERNAL_KEY_FILE": {"gateway", "orchestrator", "arms"},
    "OPENAI_API_KEY": {"arms"},
    "OCTOLLM_MODEL_API_KEY_FILE": {"arms"},
    "PATH": {"gateway", "orchestrator", "arms", "model"},
}


@pytest.mark.parametrize("process", ["gateway", "orchestrator", "arms", "model"])
def test_a_process_sees_its_own_secrets_only(process: str) -> None:
    seen = for_services(dict.fromkeys(SECRETS, "x"), process=process, calls_models=process == "arms")
    assert {name for name in seen if name in SECRETS} == {
        name for name, who in SECRETS.items() if process in who
    }
