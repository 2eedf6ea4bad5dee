"""The rules in the protos and those of the REST shapes are the same: fails when either moves alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from octollm.arms.v1 import (
    arm_pb2,
    coder_pb2,
    execution_pb2,
    executor_pb2,
    guardian_pb2,
    judge_pb2,
    planner_pb2,
    retriever_pb2,
)
from octollm.orchestrator.v1 import identity_pb2, tasks_pb2
from octollm.reflex.v1 import reflex_pb2
from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway.schemas.arm_work.coder import CodeRequest
from gateway.schemas.arm_work.common import CONTEXT_BYTES as BRIEF_BYTES
from gateway.schemas.arm_work.common import ClaimedCitation, Limits, SentFile, StepInput, TaskBrief
from gateway.schemas.arm_work.executor import (
    ACTIONS,
    INPUTS_BYTES,
    ExecuteRequest,
    ExpressionAction,
    HttpAction,
    JavaScriptAction,
    PythonAction,
    ShellAction,
)
from gateway.schemas.arm_work.guardian import ReviewRequest
from gateway.schemas.arm_work.judge import ValidateRequest
from gateway.schemas.arm_work.planner import OfferedCapability, PlanRequest
from gateway.schemas.arm_work.retriever import DocumentForm, Pairs, SearchRequest
from gateway.schemas.arm_work.step import ARGUMENTS_BYTES, StepRequest
from gateway.schemas.base import ARM_ID_PATTERN, CACHE_KEY_PATTERN, DOCUMENT_ID_PATTERN, TASK_ID_PATTERN
from gateway.schemas.identity import KEY_ID_PATTERN, AuditQuery, KeyRequest
from gateway.schemas.paging import PageQuery
from gateway.schemas.reflex import CheckBatchRequest, CheckFlags, CheckRequest, PutCacheRequest
from gateway.schemas.tasks import BudgetRequest, GetTaskQuery, ListTasksQuery, PolicyRequest, TaskRequest
from gateway.schemas.usage import UsageQuery

MICROS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A proto message and the REST shape that becomes it.

    Attributes:
        named: fields that REST names otherwise.
        scaled: fields whose unit differs, with the factor.
        apart: fields that only one side has, each with why.
    """

    proto: Descriptor
    model: type[BaseModel]
    named: Mapping[str, str] = field(default_factory=dict[str, str])
    scaled: Mapping[str, int] = field(default_factory=dict[str, int])
    apart: Mapping[str, str] = field(default_factory=dict[str, str])


PAGES = {"page": "0 means the default in the proto", "page_size": "0 means the default in the proto"}
TOKEN = {"capability_token": "the gateway's own business"}
MESSAGES = {"task": "a message of its own", "limits": "a message of its own", **TOKEN}
ACTION_MESSAGES = dict.fromkeys(ACTIONS, "a message of its own")
ARM_PAIRS = (
    Pair(
        proto=execution_pb2.TaskBrief.DESCRIPTOR,
        model=TaskBrief,
        named={"context_json": "context"},
        apart={
            "task_id": "a direct call belongs to no task",
            "context_json": "an object here, a text of at most so many bytes there; see test_json_in_a_text",
        },
    ),
    Pair(
        proto=execution_pb2.Limits.DESCRIPTOR,
        model=Limits,
        named={"max_cost_micros": "max_cost_dollars"},
        scaled={"max_cost_micros": MICROS},
    ),
    Pair(proto=execution_pb2.StepInput.DESCRIPTOR, model=StepInput),
    Pair(proto=execution_pb2.Citation.DESCRIPTOR, model=ClaimedCitation),
    Pair(
        proto=execution_pb2.Artifact.DESCRIPTOR,
        model=SentFile,
        apart={"encoding": "one of two words here; the proto also carries what arms answer"},
    ),
    Pair(proto=planner_pb2.CreatePlanRequest.DESCRIPTOR, model=PlanRequest, apart=MESSAGES),
    Pair(proto=planner_pb2.OfferedCapability.DESCRIPTOR, model=OfferedCapability),
    Pair(
        proto=executor_pb2.RunActionRequest.DESCRIPTOR,
        model=ExecuteRequest,
        apart={"task": "a message of its own", **ACTION_MESSAGES, **TOKEN},
    ),
    Pair(proto=executor_pb2.PythonAction.DESCRIPTOR, model=PythonAction),
    Pair(proto=executor_pb2.JavaScriptAction.DESCRIPTOR, model=JavaScriptAction),
    Pair(
        proto=executor_pb2.ExpressionAction.DESCRIPTOR,
        model=ExpressionAction,
        named={"inputs_json": "inputs"},
        apart={"inputs_json": "an object here; see test_json_in_a_text"},
    ),
    Pair(proto=executor_pb2.ShellAction.DESCRIPTOR, model=ShellAction),
    Pair(proto=executor_pb2.HttpAction.DESCRIPTOR, model=HttpAction),
    Pair(proto=retriever_pb2.SearchRequest.DESCRIPTOR, model=SearchRequest, apart=TOKEN),
    Pair(
        proto=retriever_pb2.PutDocumentRequest.DESCRIPTOR,
        model=DocumentForm,
        named={"content": "file"},
        apart={
            "media_type": "the part's own; see test_documents",
            "content": "a file; see test_documents",
            "metadata": "an object as a text of the form; see test_documents",
            **TOKEN,
        },
    ),
    Pair(
        proto=retriever_pb2.ListDocumentsRequest.DESCRIPTOR,
        model=PageQuery,
        apart=TOKEN,
    ),
    Pair(proto=coder_pb2.WriteCodeRequest.DESCRIPTOR, model=CodeRequest, apart=MESSAGES),
    Pair(proto=judge_pb2.ValidateOutputRequest.DESCRIPTOR, model=ValidateRequest, apart=MESSAGES),
    Pair(
        proto=guardian_pb2.ReviewContentRequest.DESCRIPTOR,
        model=ReviewRequest,
        apart={"task": "a message of its own", **TOKEN},
    ),
    Pair(
        proto=arm_pb2.ExecuteRequest.DESCRIPTOR,
        model=StepRequest,
        named={"arguments_json": "arguments"},
        apart={
            "step_id": "a direct call is no step of a plan",
            "attempt": "it is tried once",
            "idempotency_key": "so it has a key of its own",
            "arguments_json": "an object here; see test_json_in_a_text",
            **MESSAGES,
        },
    ),
)
PAIRS = (
    *ARM_PAIRS,
    Pair(
        proto=tasks_pb2.TaskSpec.DESCRIPTOR,
        model=TaskRequest,
        named={"context_json": "context", "labels": "metadata"},
        apart={
            "context_json": "an object here, a text of at most so many bytes there; see test_the_context",
            "budget": "a message of its own",
            "policy": "a message of its own",
            "callback_url": "empty means none in the proto; see test_the_callback_url",
        },
    ),
    Pair(
        proto=tasks_pb2.Budget.DESCRIPTOR,
        model=BudgetRequest,
        named={"max_cost_micros": "max_cost_dollars"},
        scaled={"max_cost_micros": MICROS},
    ),
    Pair(proto=tasks_pb2.Policy.DESCRIPTOR, model=PolicyRequest),
    Pair(
        proto=tasks_pb2.GetTaskRequest.DESCRIPTOR,
        model=GetTaskQuery,
        named={"wait_seconds": "wait"},
        apart={"task_id": "a path parameter; see test_path_parameters"},
    ),
    Pair(
        proto=tasks_pb2.ListTasksRequest.DESCRIPTOR,
        model=ListTasksQuery,
        named={"statuses": "status", "priorities": "priority"},
        apart=PAGES,
    ),
    Pair(
        proto=tasks_pb2.ListStepsRequest.DESCRIPTOR,
        model=PageQuery,
        apart={"task_id": "a path parameter; see test_path_parameters", **PAGES},
    ),
    Pair(
        proto=identity_pb2.CreateApiKeyRequest.DESCRIPTOR,
        model=KeyRequest,
        apart={
            "tenant": "the caller's own",
            "expires_at": "told in days in REST: no clock of the caller's has a say",
            "expires_in_days": "a point in time in the proto",
        },
    ),
    Pair(
        proto=identity_pb2.ListAuditRequest.DESCRIPTOR,
        model=AuditQuery,
        apart={"tenant": "the caller's own", "outcome": "empty means both in the proto", **PAGES},
    ),
    Pair(
        proto=identity_pb2.ListApiKeysRequest.DESCRIPTOR,
        model=PageQuery,
        apart={"tenant": "the caller's own", **PAGES},
    ),
    Pair(
        proto=reflex_pb2.CheckRequest.DESCRIPTOR,
        model=CheckRequest,
        named={"options": "checks"},
        apart={"options": "a message of its own", "redact": "beside the checks here, among them there"},
    ),
    Pair(
        proto=reflex_pb2.CheckBatchRequest.DESCRIPTOR,
        model=CheckBatchRequest,
        named={"options": "checks"},
        apart={"options": "a message of its own", "redact": "beside the checks here, among them there"},
    ),
    Pair(
        proto=tasks_pb2.GetUsageRequest.DESCRIPTOR,
        model=UsageQuery,
        apart={"days": "0 means the default in the proto; see test_days"},
    ),
    Pair(
        proto=reflex_pb2.CheckOptions.DESCRIPTOR,
        model=CheckFlags,
        apart={
            "redact": "beside the checks in REST",
            "redaction": "for services only",
            "pii_policy": "for services only",
        },
    ),
    Pair(
        proto=reflex_pb2.PutCacheRequest.DESCRIPTOR,
        model=PutCacheRequest,
        named={"value_json": "value"},
        apart={"value_json": "any JSON here, a text of at most so many bytes there; see test_the_value"},
    ),
)


def rules(descriptor: FieldDescriptor) -> Any:
    return descriptor.GetOptions().Extensions[validate_pb2.field]


def of_proto(descriptor: FieldDescriptor, *, scale: int = 1) -> dict[str, Any]:
    """The rules of a proto field in the words of JSON Schema."""
    its = rules(descriptor)
    if descriptor.message_type and descriptor.message_type.GetOptions().map_entry:
        found = its.map
        return _some(maxProperties=found.max_pairs) | {
            "names": _string(found.keys.string),
            "values": _string(found.values.string),
        }
    if descriptor.is_repeated:
        return _some(minItems=its.repeated.min_items, maxItems=its.repeated.max_items) | {
            "items": _scalar(descriptor, its.repeated.items, scale)
        }
    return _scalar(descriptor, its, scale)


def _scalar(descriptor: FieldDescriptor, its: Any, scale: int) -> dict[str, Any]:
    if descriptor.enum_type:
        prefix = _prefix(descriptor)
        names = [
            value.name.removeprefix(prefix).lower() for value in descriptor.enum_type.values if value.number
        ]
        return {"enum": sorted(names)}
    kind = its.WhichOneof("type")
    if kind in {"int32", "int64"}:
        found = getattr(its, kind)
        bounds = {"minimum": found.gte / scale} if found.HasField("gte") else {}
        return bounds | ({"maximum": found.lte / scale} if found.HasField("lte") else {})
    if kind == "bytes":
        return _some(minLength=its.bytes.min_len, maxLength=its.bytes.max_len)
    return _string(its.string) if kind == "string" else {}


def _prefix(descriptor: FieldDescriptor) -> str:
    assert descriptor.enum_type
    zero = next(value.name for value in descriptor.enum_type.values if value.number == 0)
    return zero.removesuffix("UNSPECIFIED")


def _string(found: Any) -> dict[str, Any]:
    if getattr(found, "in"):
        return {"enum": sorted(getattr(found, "in"))}
    most = found.max_len or found.max_bytes  # of bytes, the schema can say only how many characters
    return _some(minLength=found.min_len, maxLength=most, pattern=found.pattern)


def _some(**words: Any) -> dict[str, Any]:
    return {name: value for name, value in words.items() if value}


def of_schema(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The same rules of a REST field."""
    branches = [it for it in schema.get("anyOf", ()) if it != {"type": "null"}]
    if len(branches) == 1:
        return of_schema(branches[0], definitions)
    if schema.get("type") == "array":
        return _some(minItems=schema.get("minItems"), maxItems=schema.get("maxItems")) | {
            "items": of_schema(schema["items"], definitions)
        }
    if schema.get("type") == "object" and "additionalProperties" in schema:
        return _some(maxProperties=schema.get("maxProperties")) | {
            "names": of_schema(schema.get("propertyNames", {}), definitions),
            "values": of_schema(schema["additionalProperties"], definitions),
        }
    if "enum" in schema:
        return {"enum": sorted(schema["enum"])}
    words = ("minLength", "maxLength", "minimum", "maximum", "pattern")
    return {name: schema[name] for name in words if name in schema}


CASES = [(pair, it) for pair in PAIRS for it in pair.proto.fields if it.name not in pair.apart]


@pytest.mark.parametrize(("pair", "descriptor"), CASES, ids=[f"{it.full_name}" for _, it in CASES])
def test_the_rules_are_the_same(pair: Pair, descriptor: FieldDescriptor) -> None:
    schema = pair.model.model_json_schema()
    name = pair.named.get(descriptor.name, descriptor.name)
    assert name in schema["properties"], f"{descriptor.full_name} is not offered: offer it or say why not"
    in_rest = of_schema(schema["properties"][name], schema.get("$defs", {}))
    in_proto = of_proto(descriptor, scale=pair.scaled.get(descriptor.name, 1))
    if descriptor.full_name.endswith("TaskSpec.goal"):  # not blank: a rule in CEL there, a pattern here
        assert "goal.not_blank" in str(rules(descriptor))
        assert in_rest.pop("pattern") == r"\S"
    assert in_rest == in_proto


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.proto.full_name for pair in PAIRS])
def test_nothing_is_offered_that_the_proto_does_not_know(pair: Pair) -> None:
    known = {pair.named.get(it.name, it.name) for it in pair.proto.fields} | pair.apart.keys()
    assert set(pair.model.model_fields) <= known
    assert pair.apart.keys() <= {it.name for it in pair.proto.fields} | set(pair.model.model_fields)


def named(value: object) -> str:
    """What a case is called: the same in every worker of a run."""
    return value.full_name if isinstance(value, FieldDescriptor) else str(value)


@pytest.mark.parametrize(
    ("descriptor", "pattern"),
    [
        (tasks_pb2.GetTaskRequest.DESCRIPTOR.fields_by_name["task_id"], TASK_ID_PATTERN),
        (tasks_pb2.CancelTaskRequest.DESCRIPTOR.fields_by_name["task_id"], TASK_ID_PATTERN),
        (tasks_pb2.WatchTaskRequest.DESCRIPTOR.fields_by_name["task_id"], TASK_ID_PATTERN),
        (identity_pb2.RevokeApiKeyRequest.DESCRIPTOR.fields_by_name["key_id"], KEY_ID_PATTERN),
        (reflex_pb2.GetCacheRequest.DESCRIPTOR.fields_by_name["key"], CACHE_KEY_PATTERN),
        (reflex_pb2.DeleteCacheRequest.DESCRIPTOR.fields_by_name["key"], CACHE_KEY_PATTERN),
    ],
    ids=named,
)
def test_path_parameters(descriptor: FieldDescriptor, pattern: str) -> None:
    assert rules(descriptor).string.pattern == pattern


DOCUMENT_ID_FIELDS = [
    message.DESCRIPTOR.fields_by_name["document_id"]
    for message in (retriever_pb2.GetDocumentRequest, retriever_pb2.DeleteDocumentRequest)
]


@pytest.mark.parametrize("descriptor", DOCUMENT_ID_FIELDS, ids=named)
def test_document_ids(descriptor: FieldDescriptor) -> None:
    assert rules(descriptor).string.pattern == DOCUMENT_ID_PATTERN


def test_documents() -> None:
    from gateway.routes.arm_work.retriever import DOCUMENT_BYTES
    from gateway.routes.arm_work.uploads import READABLE

    fields = retriever_pb2.PutDocumentRequest.DESCRIPTOR.fields_by_name
    assert rules(fields["content"]).bytes.max_len == DOCUMENT_BYTES
    assert set(getattr(rules(fields["media_type"]).string, "in")) == set(READABLE)
    assert of_schema(TypeAdapter(Pairs).json_schema(), {}) == of_proto(fields["metadata"])


@pytest.mark.parametrize(
    ("message", "name", "most"),
    [
        (execution_pb2.TaskBrief, "context_json", BRIEF_BYTES),
        (executor_pb2.ExpressionAction, "inputs_json", INPUTS_BYTES),
        (arm_pb2.ExecuteRequest, "arguments_json", ARGUMENTS_BYTES),
    ],
)
def test_json_in_a_text(message: Any, name: str, most: int) -> None:
    assert rules(message.DESCRIPTOR.fields_by_name[name]).string.max_bytes == most


@pytest.mark.parametrize(
    ("model", "name", "body"),
    [
        (PythonAction, "source", {}),
        (ExpressionAction, "source", {}),
        (HttpAction, "body", {"url": "https://a.b"}),
        (CodeRequest, "code", {"action": "test", "instruction": "i"}),
        (CodeRequest, "failure", {"action": "test", "instruction": "i"}),
        (CodeRequest, "tests", {"action": "test", "instruction": "i"}),
        (ValidateRequest, "output", {"task": {}}),
        (ReviewRequest, "text", {"direction": "in"}),
    ],
)
def test_bytes_are_counted_not_characters(model: type[BaseModel], name: str, body: dict[str, Any]) -> None:
    most = model.model_json_schema()["properties"][name]["maxLength"]
    for text, fits in (("\u00e4" * (most // 2), True), ("\u00e4" * (most // 2) + "x", False)):
        try:
            model.model_validate({**body, name: text})
        except ValidationError:
            assert not fits
        else:
            assert fits


def test_exactly_one_action_on_both_sides() -> None:
    (oneof,) = executor_pb2.RunActionRequest.DESCRIPTOR.oneofs
    assert oneof.GetOptions().Extensions[validate_pb2.oneof].required
    assert {it.name for it in oneof.fields} == set(ACTIONS)


def test_arm_ids() -> None:
    from octollm.orchestrator.v1 import arm_registry_pb2

    field_ = arm_registry_pb2.GetArmRequest.DESCRIPTOR.fields_by_name["arm_id"]
    assert rules(field_).string.pattern == ARM_ID_PATTERN


@pytest.mark.parametrize("message", [tasks_pb2.ListTasksRequest, tasks_pb2.ListStepsRequest])
def test_pages(message: Any) -> None:
    schema = PageQuery.model_json_schema()["properties"]
    fields = message.DESCRIPTOR.fields_by_name
    assert schema["page"]["maximum"] == rules(fields["page"]).int64.lte
    assert schema["page_size"]["maximum"] == rules(fields["page_size"]).int32.lte
    assert (schema["page"]["minimum"], schema["page_size"]["minimum"]) == (1, 1)


def test_days() -> None:
    schema = UsageQuery.model_json_schema()["properties"]["days"]
    its = rules(tasks_pb2.GetUsageRequest.DESCRIPTOR.fields_by_name["days"]).int32
    assert (schema["minimum"], schema["maximum"]) == (1, its.lte)


def test_the_context() -> None:
    from gateway.routes.tasks import CONTEXT_BYTES

    assert (
        rules(tasks_pb2.TaskSpec.DESCRIPTOR.fields_by_name["context_json"]).string.max_bytes == CONTEXT_BYTES
    )


def test_the_batch() -> None:
    from gateway.routes.reflex import BATCH_BYTES

    assert BATCH_BYTES == 1024 * 1024  # the servicer's own rule: the proto can only say it in words


def test_the_value() -> None:
    from gateway.routes.reflex import VALUE_BYTES

    assert (
        rules(reflex_pb2.PutCacheRequest.DESCRIPTOR.fields_by_name["value_json"]).string.max_bytes
        == VALUE_BYTES
    )


def test_the_callback_url() -> None:
    in_proto = rules(tasks_pb2.TaskSpec.DESCRIPTOR.fields_by_name["callback_url"]).string
    schema = TaskRequest.model_json_schema()["properties"]["callback_url"]["anyOf"][0]
    assert (in_proto.max_len, in_proto.pattern) == (schema["maxLength"], "^(https://.+)?$")
    assert schema["pattern"] == "^https://.+$"


def test_the_idempotency_key() -> None:
    from gateway.schemas.base import IDEMPOTENCY_KEY_PATTERN

    in_proto = rules(tasks_pb2.CreateTaskRequest.DESCRIPTOR.fields_by_name["idempotency_key"]).string
    assert (in_proto.pattern, in_proto.max_len) == ("^[!-~]*$", 255)
    assert IDEMPOTENCY_KEY_PATTERN == "^[!-~]{1,255}$"


def test_exactly_one_of_key_and_text_on_both_sides() -> None:
    (oneof,) = reflex_pb2.PutCacheRequest.DESCRIPTOR.oneofs[:1]
    assert oneof.GetOptions().Extensions[validate_pb2.oneof].required
    assert {it.name for it in oneof.fields} == {"key", "text"}


def test_a_difference_would_be_seen() -> None:
    schema = {"type": "array", "maxItems": 21, "items": {"type": "string", "minLength": 1, "maxLength": 500}}
    descriptor = tasks_pb2.TaskSpec.DESCRIPTOR.fields_by_name["constraints"]
    assert of_schema(schema, {}) != of_proto(descriptor)
    assert of_schema({**schema, "maxItems": 20}, {}) == of_proto(descriptor)
