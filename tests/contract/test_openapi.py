"""The published contract: valid, complete, equal to the code, with examples that keep their own shapes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, validate
from pydantic import TypeAdapter

from gateway.errors import CODE_OF_STATUS, HTTP_STATUS
from gateway.openapi.__main__ import differing
from gateway.openapi.document import contract, document
from gateway.openapi.downgrade import downgrade
from gateway.routes.parameters import PATH_PARAMETERS
from gateway.routes.table import DOORS, all_routes, routes_of
from gateway.routing.route import AnyRoute
from gateway.schemas.errors import ErrorEnvelope

FOLDER = Path(__file__).parents[2] / "docs" / "openapi"
FORBIDDEN = {
    "const",
    "prefixItems",
    "$defs",
    "examples",
    "propertyNames",
    "patternProperties",
    "if",
    "contains",
}
ROUTES = [(door, route) for door, routes in all_routes().items() for route in routes]
GATEWAY: Any = document("gateway", routes_of("gateway"))


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for key, child in value.items():
            if key not in {"example", "default"}:
                yield from walk(child)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child)


@pytest.mark.parametrize("door", DOORS)
def test_it_is_valid_openapi_3_0_3(door: str) -> None:
    told: Any = json.loads(contract(door, routes_of(door)))
    assert told["openapi"] == "3.0.3"
    validate(told, cls=OpenAPIV30SpecValidator)


def test_the_committed_files_are_those_of_the_code() -> None:
    made = {door: contract(door, routes) for door, routes in all_routes().items()}
    assert differing(made, FOLDER) == [], "run: python -m gateway.openapi --write docs/openapi"


@pytest.mark.parametrize("door", DOORS)
def test_nothing_in_it_that_3_0_does_not_know(door: str) -> None:
    schemas: Any = document(door, routes_of(door))["components"]["schemas"]
    for schema in walk(schemas):
        if "type" in schema and not isinstance(schema["type"], dict):
            assert isinstance(schema["type"], str), schema
            assert schema["type"] != "null"
        assert not FORBIDDEN & schema.keys() or "properties" in schema, schema
        assert "$ref" not in schema or len(schema) == 1, schema


@pytest.mark.parametrize("door", DOORS)
def test_operations_have_names_of_their_own(door: str) -> None:
    names = [route.operation for route in routes_of(door)]
    assert len(names) == len(set(names))
    addresses = [(route.method, route.path) for route in routes_of(door)]
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize(
    ("door", "route"), ROUTES, ids=[f"{door}:{route.operation}" for door, route in ROUTES]
)
def test_every_status_is_documented_with_the_envelope(door: str, route: AnyRoute) -> None:
    told: Any = document(door, routes_of(door))
    operation = told["paths"][route.path][route.method.lower()]
    assert operation["description"]
    assert operation["summary"]
    errors = {int(status) for status in operation["responses"] if int(status) >= 400}
    assert {400, 408, 429, 431, 500, 503} <= errors
    assert ({413, 415} <= errors) == (route.body is not None)
    assert "{" not in route.path or 404 in errors or route.path == "/docs/{asset}"
    for status in errors:
        name = operation["responses"][str(status)]["$ref"].rpartition("/")[2]
        response = told["components"]["responses"][name]
        content = response["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/ErrorEnvelope"}
        assert ErrorEnvelope.model_validate(content["example"]).error.code == CODE_OF_STATUS[status].value
        assert "X-Request-ID" in response["headers"]
    assert set(re.findall(r"{(\w+)}", route.path)) <= PATH_PARAMETERS.keys()


@pytest.mark.parametrize(
    ("door", "route"), ROUTES, ids=[f"{door}:{route.operation}" for door, route in ROUTES]
)
def test_examples_keep_their_shapes(door: str, route: AnyRoute) -> None:
    del door
    if route.body is not None:
        assert route.body_example is not None
        TypeAdapter(route.body).validate_python(route.body_example)
    for told in route.told.values():
        if told.shape is not None:
            assert told.example is not None
            told.shape.model_validate_json(json.dumps(told.example))


def test_every_route_of_the_users_overview_is_there() -> None:
    wanted = {
        "gateway": "POST /tasks, GET /tasks/{task_id}, GET /tasks, DELETE /tasks/{task_id}, GET /health, "
        "GET /metrics",
        "reflex": "POST /check, POST /cache, GET /cache/{key}, DELETE /cache/{key}, GET /stats, GET /health",
    }
    for door, routes in wanted.items():
        served = {f"{route.method} {route.path.removeprefix('/api/v1')}" for route in routes_of(door)}
        assert set(routes.split(", ")) <= served


def test_every_error_code_has_one_status() -> None:
    assert len(CODE_OF_STATUS) == len(set(HTTP_STATUS.values()))


def test_limits_of_a_task_stand_in_the_contract() -> None:
    task = GATEWAY["components"]["schemas"]["TaskRequest"]["properties"]
    assert (task["goal"]["minLength"], task["goal"]["maxLength"]) == (1, 10_000)
    assert task["constraints"]["maxItems"] == 20
    assert task["metadata"]["maxProperties"] == 20
    assert task["callback_url"]["nullable"] is True


@pytest.mark.parametrize(
    ("modern", "old"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        ({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}, {"allOf": [{"$ref": "#/x"}], "nullable": True}),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
        ),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"const": "a", "title": "A"}, {"enum": ["a"]}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
            {
                "type": "array",
                "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        ({"$ref": "#/x", "description": "d"}, {"allOf": [{"$ref": "#/x"}], "description": "d"}),
        ({"$ref": "#/x"}, {"$ref": "#/x"}),
        (
            {"properties": {"title": {"type": "string", "title": "Title"}, "const": {"type": "integer"}}},
            {"properties": {"title": {"type": "string"}, "const": {"type": "integer"}}},
        ),
        ({"default": {"const": 1}}, {"default": {"const": 1}}),
    ],
)
def test_what_the_down_converter_makes(modern: Any, old: Any) -> None:
    assert downgrade(modern) == old
