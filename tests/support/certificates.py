"""Certificates for tests, as an installation would have them: one authority, one certificate a process."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import trustme

from servicekit.tls import MutualTls


@dataclass(frozen=True, kw_only=True)
class Files:
    """What the variables name."""

    ca: Path
    cert: Path
    key: Path

    def mutual(self) -> MutualTls:
        return MutualTls(
            authority=self.ca.read_bytes(), certificate=self.cert.read_bytes(), key=self.key.read_bytes()
        )


def issued(
    folder: Path, *names: str, ca: trustme.CA | None = None, not_after: datetime | None = None
) -> Files:
    """Write a certificate with these names, its key and its authority into a folder."""
    ca = ca or trustme.CA()
    leaf = ca.issue_cert(*names, not_after=not_after)
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(ca=folder / "ca.pem", cert=folder / "cert.pem", key=folder / "key.pem")
    ca.cert_pem.write_to_path(files.ca)
    files.cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(files.key)
    return files
