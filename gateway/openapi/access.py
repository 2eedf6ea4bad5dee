"""What the contract says of credentials: which operations want them, and how they are refused."""

from collections.abc import Mapping
from typing import Any

from gateway.routes.failures import failures
from gateway.routing.route import is_public

SCHEMES: Mapping[str, Any] = {
    "Bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": (
            "An API key (`octo_<id>_<secret>`) or a JSON Web Token of the configured issuer. Wanted where "
            "the platform runs with OCTOLLM_AUTH=required; `x-octollm-scope` names the scope that is needed."
        ),
    }
}
"""By name, for ``components.securitySchemes``."""


def add_access(operation: dict[str, Any]) -> None:
    """Add to one operation, in place, what it says of credentials; nothing to one that is for everybody."""
    if is_public(operation):
        return
    operation["security"] = [{"Bearer": []}, {}]
    for status, told in failures(401, 403).items():
        operation["responses"][str(status)] = _written(told)


def _written(told: Mapping[str, Any]) -> dict[str, Any]:
    """A failure as FastAPI writes it, for routes that need not declare it one by one."""
    schema = {"$ref": f"#/components/schemas/{told['model'].__name__}"}
    content = {name: {"schema": schema, "example": it["example"]} for name, it in told["content"].items()}
    return {"description": told["description"], "content": content}
