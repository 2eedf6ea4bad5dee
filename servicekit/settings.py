"""Settings that every service has, read once from OCTOLLM_* variables."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from servicekit.errors import ValidationFailedError
from servicekit.internal_tokens import InternalTokens
from servicekit.secret_files import with_secret_files
from servicekit.tls import MutualTls, load_mutual_tls

DEFAULT_REST_PORTS = {
    "gateway": 8000,
    "reflex": 8001,
    "planner": 8002,
    "executor": 8003,
    "retriever": 8004,
    "coder": 8005,
    "judge": 8006,
    "guardian": 8007,
}
"""REST ports by service, all served by the gateway process."""

DEFAULT_GRPC_PORTS = {
    "orchestrator": 9000,
    "reflex": 9001,
    "planner": 9002,
    "executor": 9003,
    "retriever": 9004,
    "coder": 9005,
    "judge": 9006,
    "guardian": 9007,
}
"""gRPC ports by service."""


class ServiceSettings(BaseSettings):
    """What any service needs to know of its surroundings.

    A secret X may stand in the file that OCTOLLM_X_FILE names.
    """

    model_config = SettingsConfigDict(env_prefix="OCTOLLM_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    """The address that TCP ports bind to, and where the other services are looked for."""
    ports: dict[str, int] = Field(default_factory=lambda: dict(DEFAULT_REST_PORTS))
    """REST port by service name; 0 takes a free one."""
    grpc_ports: dict[str, int] = Field(default_factory=lambda: dict(DEFAULT_GRPC_PORTS))
    """gRPC port by service name; 0 takes a free one."""
    socket_dir: Path | None = None
    """When set, services listen on ``<socket_dir>/<name>.sock`` too, and reach each other there."""
    data_dir: Path | None = None
    """Where a service may keep files; None where it keeps none."""
    log_level: str = "INFO"
    """The least level that is logged."""
    drain_seconds: float = 8.0
    """How long running work may take to end after SIGTERM."""
    auth: Literal["none", "required"] = "none"
    """Whether callers must say who they are, at the gateway and between the services."""
    expose_without_auth: bool = False
    """Lets ports be bound beyond loopback although `auth` is none: whoever reaches them may do everything."""
    internal_key: SecretStr | None = None
    """The key of internal tokens, the same for every service; needed when `auth` is required."""
    mtls_ca_file: Path | None = None
    """The authority that signs the services' certificates; with the next two, services speak TLS only."""
    mtls_cert_file: Path | None = None
    """The certificate that this process shows; it bears the name of every service in it."""
    mtls_key_file: Path | None = None
    """Its key."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, files of secrets, variables."""
        del dotenv_settings, file_secret_settings
        return with_secret_files(settings_cls, init_settings, env_settings)

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        check_exposure(host=self.host, auth=self.auth, allowed=self.expose_without_auth)
        return self

    def internal_tokens(self, caller: str) -> InternalTokens | None:
        """What makes and checks the tokens of service `caller`; None while authentication is off.

        Raises:
            ValidationFailedError: authentication is on, and there is no key for it.
        """
        if self.auth == "none":
            return None
        if self.internal_key is None:
            raise ValidationFailedError(
                "OCTOLLM_AUTH=required needs a key that all services share: name a file with at least 32 "
                "random characters in OCTOLLM_INTERNAL_KEY_FILE (`octollm serve all` makes its own).",
                field="OCTOLLM_INTERNAL_KEY_FILE",
            )
        return InternalTokens(key=self.internal_key.get_secret_value().encode(), caller=caller)

    def mutual_tls(self) -> MutualTls | None:
        """What connections between services are secured with; None where they are plain.

        Raises:
            ValidationFailedError: it is only half configured, or a file is not what it must be.
        """
        return load_mutual_tls(
            authority=self.mtls_ca_file, certificate=self.mtls_cert_file, key=self.mtls_key_file
        )

    def listen(self, name: str) -> list[str]:
        """The gRPC addresses that service `name` binds."""
        addresses = [f"unix:{self.socket_dir / name}.sock"] if self.socket_dir else []
        if name in self.grpc_ports:
            addresses.append(f"{self.host}:{self.grpc_ports[name]}")
        return addresses

    def target(self, name: str) -> str:
        """The gRPC target under which service `name` is called."""
        if self.socket_dir:
            return f"unix:{self.socket_dir / name}.sock"
        return f"{self.host}:{self.grpc_ports[name]}"


def check_exposure(*, host: str, auth: str, allowed: bool) -> None:
    """Refuse ports that others can reach while nobody has to say who he is.

    Args:
        host: the address that TCP ports bind to.
        auth: ``none`` or ``required``.
        allowed: whether the operator wants it all the same.

    Raises:
        ValidationFailedError: so it would be.
    """
    if auth == "none" and not allowed and not is_loopback(host):
        raise ValidationFailedError(
            f"OCTOLLM_HOST={host} can be reached by others, and OCTOLLM_AUTH=none lets everybody do "
            "everything: set OCTOLLM_AUTH=required, bind to 127.0.0.1, or say "
            "OCTOLLM_EXPOSE_WITHOUT_AUTH=true where the network itself keeps strangers out.",
            field="OCTOLLM_HOST",
            reason="EXPOSED_WITHOUT_AUTH",
        )


def is_loopback(host: str) -> bool:
    """Whether what is bound to `host` is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
