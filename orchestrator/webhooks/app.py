"""The deliveries, put together: rows, secrets, the way out."""

import random
import time

from orchestrator.meters import Meters
from orchestrator.settings import OrchestratorSettings
from orchestrator.store_submit import SubmitStore
from orchestrator.webhooks.deliverer import Deliverer
from orchestrator.webhooks.secrets import WebhookSecrets
from orchestrator.webhooks.store import WebhookStore
from orchestrator.webhooks.way_out import way_out
from servicekit.database import Pool
from servicekit.egress.fetch import Fetcher


def webhook_fetcher(settings: OrchestratorSettings) -> Fetcher:
    """The way out that the settings allow.

    Raises:
        ValidationFailedError: they name no network or no certificate where they should.
    """
    return way_out(
        hosts=settings.webhook_hosts,
        networks=settings.webhook_networks,
        ca_file=settings.webhook_ca_file,
        seconds=settings.webhook.seconds,
    )


def webhook_deliverer(
    settings: OrchestratorSettings, *, pool: Pool, submit: SubmitStore, out: Fetcher, meters: Meters
) -> Deliverer:
    """What delivers; its `run` must be running."""
    return Deliverer(
        store=WebhookStore(pool=pool),
        secrets=WebhookSecrets(
            configured=settings.webhook_secrets.get_secret_value(), load_key=submit.hash_key
        ),
        out=out,
        limits=settings.webhook,
        meters=meters,
        clock=time.time,
        random=random.random,
    )
