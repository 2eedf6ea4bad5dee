"""The contract and an interactive page about it, served from here: no other host is asked."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from gateway.routing.answer import Answer
from gateway.routing.call import Call
from gateway.schemas.base import Nothing
from servicekit.errors import NotFoundError

ASSETS = "fastapi_offline"
"""The package that carries Swagger UI's files; it is only read, never imported."""

_MEDIA_TYPES = {".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8"}
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


@dataclass(frozen=True, kw_only=True)
class ContractOf:
    """The contract of one port."""

    door: str

    async def openapi(self, call: Call[Nothing, None]) -> Answer:
        """This contract, as OpenAPI 3.0.3."""
        return Answer(body=call.context.contract(self.door))


async def docs_page(call: Call[Nothing, None]) -> Answer:
    """A page on which the API can be read and tried out."""
    del call
    headers = {"content-security-policy": _POLICY, "x-content-type-options": "nosniff"}
    return Answer(body=_PAGE, media_type=b"text/html; charset=utf-8", headers=headers)


async def docs_asset(call: Call[Nothing, None]) -> Answer:
    """A script or style sheet of that page."""
    name = call.path["asset"]
    body = _START if name == "start.js" else _packaged(name)
    if body is None:
        raise NotFoundError(f"the documentation has no file {name}")
    headers = {"cache-control": "max-age=3600", "x-content-type-options": "nosniff"}
    return Answer(body=body, media_type=_MEDIA_TYPES[Path(name).suffix], headers=headers)


@lru_cache(maxsize=8)
def _packaged(name: str) -> bytes | None:
    """A file of the package by its bare name; the path parameter's pattern lets no slash through."""
    found = find_spec(ASSETS)
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0]) / "static" / name
    return path.read_bytes() if path.is_file() else None
