"""Certificates: read once at the start, and wrong ones are told then, not at the first connection.

Between services both sides show a certificate of the installation's own authority. A service's certificate
bears the service's name (``orchestrator``, ``reflex``, ``coder``) as a DNS name; who calls it checks that.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from servicekit.errors import ValidationFailedError


@dataclass(frozen=True, kw_only=True)
class CertificateFiles:
    """A certificate with what leads to its authority, and its private key; both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, kw_only=True)
class MutualTls:
    """What a service shows to others, and whom it believes; all PEM."""

    authority: bytes
    certificate: bytes
    key: bytes

    def for_server(self) -> grpc.ServerCredentials:
        """For a server that answers only to those with a certificate of the authority."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)], root_certificates=self.authority, require_client_auth=True
        )

    def for_channel(self) -> grpc.ChannelCredentials:
        """For a channel to such a server."""
        return grpc.ssl_channel_credentials(
            root_certificates=self.authority, private_key=self.key, certificate_chain=self.certificate
        )


def check_pair(
    *, certificate: Path | None, key: Path | None, prefix: str, now: datetime | None = None
) -> CertificateFiles | None:
    """A certificate and its key, or None when neither is configured.

    Args:
        certificate: the file, as configured.
        key: the same.
        prefix: of the variables that name them, such as ``OCTOLLM_TLS``.
        now: None is now.

    Raises:
        ValidationFailedError: only half is configured, a file cannot be read or holds something else, the
            certificate is not in force, or the key is another one's.
    """
    names = {f"{prefix}_CERT_FILE": certificate, f"{prefix}_KEY_FILE": key}
    _refuse_half(names)
    if certificate is None or key is None:
        return None
    cert_name, key_name = names
    found = _certificates(certificate, name=cert_name)
    _check_in_force(found[0], path=certificate, name=cert_name, now=now or datetime.now(UTC))
    if _public(found[0]) != _key_public(key, name=key_name):
        raise _wrong(
            key_name,
            f"the key in {key} does not belong to the certificate in {certificate}: configure a pair",
        )
    return CertificateFiles(certificate=certificate, key=key)


def load_mutual_tls(
    *,
    authority: Path | None,
    certificate: Path | None,
    key: Path | None,
    prefix: str = "OCTOLLM_MTLS",
    now: datetime | None = None,
) -> MutualTls | None:
    """What the connections between services need, or None when none of it is configured.

    Raises:
        ValidationFailedError: as for `check_pair`.
    """
    names = {
        f"{prefix}_CA_FILE": authority,
        f"{prefix}_CERT_FILE": certificate,
        f"{prefix}_KEY_FILE": key,
    }
    _refuse_half(names)
    pair = check_pair(certificate=certificate, key=key, prefix=prefix, now=now)
    if pair is None or authority is None:
        return None
    for found in _certificates(authority, name=f"{prefix}_CA_FILE"):
        _check_in_force(found, path=authority, name=f"{prefix}_CA_FILE", now=now or datetime.now(UTC))
    return MutualTls(
        authority=authority.read_bytes(),
        certificate=pair.certificate.read_bytes(),
        key=pair.key.read_bytes(),
    )


def _refuse_half(names: dict[str, Path | None]) -> None:
    missing = [name for name, path in names.items() if path is None]
    if missing and len(missing) < len(names):
        given = next(name for name, path in names.items() if path is not None)
        raise _wrong(
            missing[0],
            f"{given} is set and {' and '.join(missing)} is not: set all of {', '.join(names)}, or none",
        )


def _certificates(path: Path, *, name: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path, name=name))
    except ValueError as error:
        raise _wrong(name, f"{path} holds no certificate in PEM form") from error


def _check_in_force(certificate: x509.Certificate, *, path: Path, name: str, now: datetime) -> None:
    if now > certificate.not_valid_after_utc:
        raise _wrong(
            name, f"the certificate in {path} expired on {certificate.not_valid_after_utc:%Y-%m-%d}: renew it"
        )
    if now < certificate.not_valid_before_utc:
        raise _wrong(
            name,
            f"the certificate in {path} is not valid before "
            f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC: is this machine's clock right?",
        )


def _key_public(path: Path, *, name: str) -> bytes:
    try:
        key = load_pem_private_key(_read(path, name=name), password=None)
    except (ValueError, TypeError) as error:
        raise _wrong(name, f"{path} holds no private key in PEM form without a passphrase") from error
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path, *, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _wrong(name, f"{path} cannot be read: {error.strerror or error}") from error


def _wrong(name: str, text: str) -> ValidationFailedError:
    return ValidationFailedError(f"{name}: {text}", field=name, reason="CERTIFICATE_INVALID")
