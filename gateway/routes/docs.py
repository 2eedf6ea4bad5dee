"""The contract and an interactive page about it, served from here: no other host is asked."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import Request, Response

from gateway.routes.failures import failures
from gateway.routes.parameters import AssetInPath
from gateway.routes.routers import api_router
from gateway.routes.told import told, told_as
from gateway.routing.json_answer import json_answer
from gateway.routing.route import public
from servicekit.errors import NotFoundError

router = api_router(tag="documentation", prefix="")

ASSETS = "fastapi_offline"
"""The package that carries Swagger UI's files; it is only read, never imported."""

_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_START = b"""\
window.onload = () => SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
});
"""
_PAGE = b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OctoLLM API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""


@router.get(
    "/api/v1/openapi.json",
    operation_id="get_openapi",
    summary="This contract",
    openapi_extra=public(),
    response_model=dict[str, Any],
    responses=told(200, "OpenAPI 3.0.3."),
)
async def get_openapi(request: Request) -> Response:
    """This contract, as OpenAPI 3.0.3."""
    return json_answer(request.app.openapi())


@router.get(
    "/docs",
    operation_id="get_docs",
    summary="This contract as an interactive page",
    openapi_extra=public(),
    response_class=Response,
    responses=told_as("text/html", description="The page."),
)
async def get_docs() -> Response:
    """A page on which the API can be read and tried out."""
    headers = {"content-security-policy": _POLICY, "x-content-type-options": "nosniff"}
    return Response(_PAGE, media_type="text/html", headers=headers)


@router.get(
    "/docs/{asset}",
    operation_id="get_docs_asset",
    summary="A file of that page",
    openapi_extra=public(),
    response_class=Response,
    responses=told_as("text/javascript", "text/css", description="The file.") | failures(404),
)
async def get_docs_asset(asset: AssetInPath) -> Response:
    """A script or style sheet of that page."""
    body = _START if asset == "start.js" else _packaged(asset)
    if body is None:
        raise NotFoundError(f"the documentation has no file {asset}")
    headers = {"cache-control": "max-age=3600", "x-content-type-options": "nosniff"}
    return Response(body, media_type=_MEDIA_TYPES[Path(asset).suffix], headers=headers)


@lru_cache(maxsize=8)
def _packaged(name: str) -> bytes | None:
    """A file of the package by its bare name; the path parameter's pattern lets no slash through."""
    found = find_spec(ASSETS)
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0]) / "static" / name
    return path.read_bytes() if path.is_file() else None
