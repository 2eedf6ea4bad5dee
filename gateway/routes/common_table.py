"""The routes that every port has: health, readiness, metrics, the contract and its page."""

from collections.abc import Sequence

from gateway.merge_metrics import CONTENT_TYPE
from gateway.routes import docs, examples
from gateway.routes.health import HealthOf
from gateway.routing.route import AnyRoute, Route, Told
from gateway.schemas.health import HealthReport, Ready


def common_routes(door: str) -> Sequence[AnyRoute]:
    """The routes of one port that all ports have; the probes also at the root, where probes look for them."""
    return (*_probes(door, base="/api/v1"), *_probes(door, base=""), *_documentation(door))


def _probes(door: str, *, base: str) -> Sequence[AnyRoute]:
    of, suffix = HealthOf(service=door), "" if base else "_at_root"
    return (
        Route(
            method="GET",
            path=f"{base}/health",
            operation=f"get_health{suffix}",
            handler=of.health,
            summary="Health check",
            tag="service",
            scope=None,
            limited=False,
            told={200: Told(description="How it works.", shape=HealthReport, example=examples.HEALTH)},
        ),
        Route(
            method="GET",
            path=f"{base}/ready",
            operation=f"get_ready{suffix}",
            handler=of.ready,
            summary="Readiness check",
            tag="service",
            scope=None,
            limited=False,
            told={200: Told(description="Requests are welcome.", shape=Ready, example={"status": "ready"})},
        ),
        Route(
            method="GET",
            path=f"{base}/metrics",
            operation=f"get_metrics{suffix}",
            handler=of.scrape,
            summary="Prometheus metrics",
            tag="service",
            scope=None,
            limited=False,
            told={
                200: Told(description="The metrics.", media_types=(CONTENT_TYPE,), example=examples.METRICS)
            },
        ),
    )


def _documentation(door: str) -> Sequence[AnyRoute]:
    return (
        Route(
            method="GET",
            path="/api/v1/openapi.json",
            operation="get_openapi",
            handler=docs.ContractOf(door=door).openapi,
            summary="This contract",
            tag="documentation",
            scope=None,
            told={200: Told(description="OpenAPI 3.0.3.", media_types=("application/json",))},
        ),
        Route(
            method="GET",
            path="/docs",
            operation="get_docs",
            handler=docs.docs_page,
            summary="This contract as an interactive page",
            tag="documentation",
            scope=None,
            told={200: Told(description="The page.", media_types=("text/html",))},
        ),
        Route(
            method="GET",
            path="/docs/{asset}",
            operation="get_docs_asset",
            handler=docs.docs_asset,
            summary="A file of that page",
            tag="documentation",
            scope=None,
            told={
                200: Told(description="The file.", media_types=("text/javascript", "text/css")),
            },
            errors=(404,),
        ),
    )
