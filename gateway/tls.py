"""TLS on the REST ports: a certificate that is looked at again, so that a renewed one needs no restart."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from servicekit.errors import ValidationFailedError
from servicekit.tls import CertificateFiles, check_pair

_LOG = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
"""Between two looks whether the files have changed."""

PREFIX = "OCTOLLM_TLS"


@dataclass(kw_only=True)
class RestTls:
    """What the REST ports show.

    Attributes:
        files: where it is read from.
        context: what new connections are made with.
        interval: seconds between looks at the files.
    """

    files: CertificateFiles
    context: ssl.SSLContext
    interval: float = LOOK_SECONDS

    def made(self, *_: object) -> ssl.SSLContext:
        """The context, for uvicorn, which offers to make one of its own."""
        return self.context

    async def follow(self) -> None:
        """Take over what the files hold when they change, unless it is wrong, until cancelled."""
        seen = self._stamps()
        while True:
            await asyncio.sleep(self.interval)
            if (now := self._stamps()) != seen:
                seen = now
                self._reload()

    def _reload(self) -> None:
        try:
            check_pair(certificate=self.files.certificate, key=self.files.key, prefix=PREFIX)
            self.context.load_cert_chain(self.files.certificate, self.files.key)
        except (ValidationFailedError, ssl.SSLError, OSError) as error:
            _LOG.warning("the certificate has changed and is wrong; the old one stays: %s", error)
        else:
            _LOG.info("the certificate has changed; new connections get it")

    def _stamps(self) -> Sequence[int]:
        try:
            return [path.stat().st_mtime_ns for path in (self.files.certificate, self.files.key)]
        except OSError:
            return []  # in the middle of being replaced: looked at again


def rest_tls(*, certificate: Path | None, key: Path | None) -> RestTls | None:
    """What the REST ports show; None where no certificate is configured.

    Raises:
        ValidationFailedError: as for `servicekit.tls.check_pair`.
    """
    files = check_pair(certificate=certificate, key=key, prefix=PREFIX)
    if files is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(files.certificate, files.key)
    return RestTls(files=files, context=context)
