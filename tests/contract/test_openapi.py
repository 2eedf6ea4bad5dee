"""The published contract: valid, complete, equal to the code, with examples that keep their own shapes."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi import UploadFile
from fastapi.routing import APIRoute
from openapi_spec_validator import OpenAPIV30SpecValidator, validate

from gateway.door import door_app
from gateway.errors import CODE_OF_STATUS, HTTP_STATUS
from gateway.openapi.__main__ import differing
from gateway.openapi.contract import as_json
from gateway.openapi.downgrade import downgrade
from gateway.routes.table import DOORS, routes_of
from gateway.routing.route import reads_form
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
CONTRACTS: dict[str, Any] = {door: door_app(door).openapi() for door in DOORS}
ROUTES = [(door, route) for door in DOORS for route in routes_of(door)]
NAMES = [f"{door}:{route.operation_id}" for door, route in ROUTES]


def operation_of(door: str, route: APIRoute) -> dict[str, Any]:
    (method,) = list(route.methods or ())
    return CONTRACTS[door]["paths"][route.path][method.lower()]


def as_sent(example: dict[str, Any], *, form: bool) -> dict[str, Any]:
    return {**example, "file": UploadFile(BytesIO(example["file"].encode()))} if form else example


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
    told: Any = json.loads(as_json(CONTRACTS[door]))
    assert told["openapi"] == "3.0.3"
    validate(told, cls=OpenAPIV30SpecValidator)


def test_the_committed_files_are_those_of_the_code() -> None:
    made = {door: as_json(told) for door, told in CONTRACTS.items()}
    assert differing(made, FOLDER) == [], "run: python -m gateway.openapi --write docs/openapi"


@pytest.mark.parametrize("door", DOORS)
def test_nothing_in_it_that_3_0_does_not_know(door: str) -> None:
    parameters = [it["parameters"] for path in CONTRACTS[door]["paths"].values() for it in path.values()]
    for schema in walk([CONTRACTS[door]["components"]["schemas"], parameters]):
        if "type" in schema and not isinstance(schema["type"], dict):
            assert isinstance(schema["type"], str), schema
            assert schema["type"] != "null"
        assert not FORBIDDEN & schema.keys() or "properties" in schema, schema
        assert "$ref" not in schema or len(schema) == 1, schema


@pytest.mark.parametrize("door", DOORS)
def test_nothing_of_fastapis_own_validation_error(door: str) -> None:
    assert "422" not in str(CONTRACTS[door]["paths"])
    assert "ValidationError" not in CONTRACTS[door]["components"]["schemas"]


@pytest.mark.parametrize("door", DOORS)
def test_operations_have_names_of_their_own(door: str) -> None:
    names = [route.operation_id for route in routes_of(door)]
    assert None not in names
    assert len(names) == len(set(names))
    served = {(method, route.path) for route in routes_of(door) for method in route.methods or ()}
    assert len(served) == len(names)


@pytest.mark.parametrize(("door", "route"), ROUTES, ids=NAMES)
def test_every_status_is_documented_with_the_envelope(door: str, route: APIRoute) -> None:
    operation = operation_of(door, route)
    assert operation["description"]
    assert operation["summary"]
    errors = {int(status) for status in operation["responses"] if int(status) >= 400}
    assert {400, 408, 429, 431, 500, 503} <= errors
    assert ({413, 415} <= errors) == ("requestBody" in operation)
    assert "{" not in route.path or 404 in errors
    for status in errors:
        name = operation["responses"][str(status)]["$ref"].rpartition("/")[2]
        response = CONTRACTS[door]["components"]["responses"][name]
        content = response["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/ErrorEnvelope"}
        assert ErrorEnvelope.model_validate(content["example"]).error.code == CODE_OF_STATUS[status].value
        assert "X-Request-ID" in response["headers"]


@pytest.mark.parametrize(("door", "route"), ROUTES, ids=NAMES)
def test_examples_keep_their_shapes(door: str, route: APIRoute) -> None:
    operation = operation_of(door, route)
    if route.body_field is not None:
        ((media_type, content),) = operation["requestBody"]["content"].items()
        assert media_type == ("multipart/form-data" if reads_form(route) else "application/json")
        assert content["examples"]
        shape: Any = route.body_field.field_info.annotation
        for example in content["examples"].values():
            shape.model_validate(as_sent(example["value"], form=reads_form(route)))
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json", {})
        if int(status) < 400 and content and route.path != "/api/v1/openapi.json":
            assert route.response_model.model_validate_json(json.dumps(content["example"]))


def test_every_route_of_the_users_overview_is_there() -> None:
    wanted = {
        "gateway": "POST /tasks, GET /tasks/{task_id}, GET /tasks, DELETE /tasks/{task_id}, GET /health, "
        "GET /metrics",
        "reflex": "POST /check, POST /cache, GET /cache/{key}, DELETE /cache/{key}, GET /stats, GET /health",
    }
    for door, routes in wanted.items():
        served = {
            f"{method} {route.path.removeprefix('/api/v1')}"
            for route in routes_of(door)
            for method in route.methods or ()
        }
        assert set(routes.split(", ")) <= served


def test_every_arm_offers_its_work_on_its_port_and_on_the_gateways() -> None:
    wanted = {
        "planner": "POST /plan",
        "executor": "POST /execute",
        "retriever": "POST /search, POST /documents, GET /documents, GET /documents/{document_id}, "
        "DELETE /documents/{document_id}",
        "coder": "POST /code",
        "judge": "POST /validate",
        "guardian": "POST /check",
    }
    common = "GET /health, GET /metrics, GET /capabilities"
    everywhere = {(method, it.path) for it in routes_of("gateway") for method in it.methods or ()}
    for door, routes in wanted.items():
        served = {(method, it.path) for it in routes_of(door) for method in it.methods or ()}
        for told in f"{routes}, {common}".split(", "):
            method, path = told.split()
            assert (method, f"/api/v1{path}") in served
            named = door if told in routes else "{arm_id}"
            assert (method, f"/api/v1/arms/{named}{path}") in everywhere


def test_every_error_code_has_one_status() -> None:
    assert len(CODE_OF_STATUS) == len(set(HTTP_STATUS.values()))


def test_limits_of_a_task_stand_in_the_contract() -> None:
    task = CONTRACTS["gateway"]["components"]["schemas"]["TaskRequest"]["properties"]
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
        (
            {"type": "string", "contentMediaType": "application/octet-stream"},
            {"type": "string", "format": "binary"},
        ),
    ],
)
def test_what_the_down_converter_makes(modern: Any, old: Any) -> None:
    assert downgrade(modern) == old
