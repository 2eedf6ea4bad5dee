"""Examples for the contract: one task's life."""

from typing import Any

TASK_ID = "task_4fGh7Jk2Lm9Qr1Xz"
REQUEST_ID = "7d9f2c1e-5b1a-4c36-9f0e-2f6d1c0b8a77"

TASK_REQUEST: dict[str, Any] = {
    "goal": "Summarise the incident report in five sentences and list three action items.",
    "constraints": ["Write for people who were not on call."],
    "acceptance_criteria": ["Names the cause.", "Lists exactly three action items."],
    "context": {"report": "At 09:12 the checkout service began to answer 500. ..."},
    "budget": {"max_tokens": 10000, "max_time_seconds": 300, "max_cost_dollars": 1.0},
    "priority": "medium",
    "metadata": {"ticket": "OPS-1042"},
    "policy": {"pii": "redact", "on_validation_failure": "complete", "swarm": 1},
}

_QUEUED: dict[str, Any] = {
    "task_id": TASK_ID,
    "status": "queued",
    "goal": TASK_REQUEST["goal"],
    "constraints": TASK_REQUEST["constraints"],
    "acceptance_criteria": TASK_REQUEST["acceptance_criteria"],
    "context": TASK_REQUEST["context"],
    "budget": TASK_REQUEST["budget"],
    "priority": "medium",
    "progress": {"current_step": "preprocessing", "completed_steps": 0, "total_steps": 0, "percentage": 0},
    "result": None,
    "error": None,
    "metadata": {
        "arms_used": [],
        "tokens_used": 0,
        "cost_dollars": 0.0,
        "duration_seconds": 0.0,
        "cache_hit": False,
        "labels": TASK_REQUEST["metadata"],
    },
    "request_id": REQUEST_ID,
    "created_at": "2026-11-23T09:30:00.000000Z",
    "updated_at": "2026-11-23T09:30:00.000000Z",
    "completed_at": None,
    "failed_at": None,
    "cancelled_at": None,
    "estimated_completion": None,
}

QUEUED_TASK = _QUEUED
COMPLETED_TASK: dict[str, Any] = _QUEUED | {
    "status": "completed",
    "progress": {"current_step": "synthesis", "completed_steps": 2, "total_steps": 2, "percentage": 100},
    "result": {
        "output": "The checkout service failed because its connection pool was exhausted. ...",
        "confidence": 0.86,
        "validation_passed": True,
        "criteria": [
            {
                "criterion": "Names the cause.",
                "passed": True,
                "evidence": "its connection pool was exhausted",
            },
            {
                "criterion": "Lists exactly three action items.",
                "passed": True,
                "evidence": "1. ... 2. ... 3. ...",
            },
        ],
        "citations": [],
        "artifacts": [],
    },
    "metadata": {
        "arms_used": ["planner", "coder", "judge", "guardian"],
        "tokens_used": 1834,
        "cost_dollars": 0.0,
        "duration_seconds": 12.4,
        "cache_hit": False,
        "labels": TASK_REQUEST["metadata"],
    },
    "updated_at": "2026-11-23T09:30:12.400000Z",
    "completed_at": "2026-11-23T09:30:12.400000Z",
}
CANCELLED_TASK: dict[str, Any] = _QUEUED | {
    "status": "cancelled",
    "updated_at": "2026-11-23T09:30:02.000000Z",
    "cancelled_at": "2026-11-23T09:30:02.000000Z",
}
PAGINATION = {"page": 1, "page_size": 50, "total_pages": 1, "total_items": 1}
TASK_PAGE = {"data": [COMPLETED_TASK], "pagination": PAGINATION}

STEP_PAGE: dict[str, Any] = {
    "data": [
        {
            "step_id": "s1",
            "name": "Summarise the report",
            "capability": "text_generation",
            "instruction": "Summarise the report in five sentences and list three action items.",
            "depends_on": [],
            "state": "completed",
            "attempts": 1,
            "round": 0,
            "arm_id": "coder",
            "output": "The checkout service failed because its connection pool was exhausted. ...",
            "error": None,
            "usage": {
                "input_tokens": 812,
                "output_tokens": 204,
                "cost_dollars": 0.0,
                "cost_known": True,
                "model_requests": 1,
            },
            "provenance": {
                "arm_id": "coder",
                "instance_id": "coder-1",
                "arm_version": "0.1.0",
                "model": "qwen2.5-coder-1.5b-instruct-q4_k_m",
                "prompt_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "confidence": 0.8,
                "method": "model",
                "sources": [],
                "runs": [],
                "started_at": "2026-11-23T09:30:01.000000Z",
                "finished_at": "2026-11-23T09:30:08.500000Z",
            },
            "created_at": "2026-11-23T09:30:01.000000Z",
            "started_at": "2026-11-23T09:30:01.000000Z",
            "finished_at": "2026-11-23T09:30:08.500000Z",
            "duration_seconds": 7.5,
        }
    ],
    "pagination": PAGINATION,
}

USAGE = {"data": [{"date": "2026-11-23", "tasks": 14, "tokens": 20480, "cost_dollars": 0.35}]}

EVENTS = (
    'id: 1\nevent: task.queued\ndata: {"task_id":"task_4fGh7Jk2Lm9Qr1Xz","sequence":1,"type":"task.queued",'
    '"created_at":"2026-11-23T09:30:00.000000Z","step_id":null,"data":{}}\n\n'
)

ARM = {
    "arm_id": "coder",
    "name": "Coder",
    "description": "Writes code and prose.",
    "capabilities": ["code_generation", "text_generation"],
    "cost_tier": 3,
    "endpoint": "127.0.0.1:9005",
    "status": "healthy",
}
ARM_PAGE = {"data": [ARM], "pagination": PAGINATION}
CAPABILITIES = {
    "arm_id": "coder",
    "instance_id": "coder-1",
    "name": "Coder",
    "description": "Writes code and prose.",
    "version": "0.1.0",
    "cost_tier": 3,
    "capabilities": [
        {
            "name": "text_generation",
            "description": "Writes prose.",
            "input_schema": None,
            "output_schema": None,
        }
    ],
}

CHECK_REQUEST = {
    "text": "Write to jane.roe@example.com, please.",
    "checks": {"cache": True, "pii": True, "secrets": True, "injection": True},
    "redact": True,
}
VERDICT = {
    "request_id": REQUEST_ID,
    "action": "sanitize",
    "cache": {"hit": False, "key": "text:5f3a9c", "value": None},
    "findings": [
        {
            "category": "pii",
            "type": "email",
            "severity": "medium",
            "start": 9,
            "end": 29,
            "confidence": 0.95,
            "reason": "an e-mail address",
        }
    ],
    "sanitized_text": "Write to [EMAIL], please.",
    "risk_score": 0.2,
    "processing_time_ms": 0.4,
}
CHECK_BATCH_REQUEST = {
    "texts": ["Write to jane.roe@example.com, please.", "See you tomorrow."],
    "checks": {"cache": False, "pii": True, "secrets": True, "injection": True},
    "redact": True,
}
PUT_CACHE = {"key": "answers:en:42", "value": {"answer": 42}, "ttl_seconds": 300}
STORED = {"key": "answers:en:42", "expires_at": "2026-11-23T09:35:00.000000Z"}
CACHE_ENTRY = {
    "key": "answers:en:42",
    "value": {"answer": 42},
    "created_at": "2026-11-23T09:30:00.000000Z",
    "expires_at": "2026-11-23T09:35:00.000000Z",
    "hits": 3,
}
STATS = {
    "entries": 12,
    "hits": 40,
    "misses": 10,
    "hit_rate": 0.8,
    "evictions": 0,
    "memory_bytes": 18432,
    "checks": 57,
    "blocked": 2,
    "sanitized": 5,
    "latency_ms": {"p50": 0.3, "p95": 1.1, "p99": 2.4},
    "backend": "memory",
    "uptime_seconds": 3600.0,
}

HEALTH = {
    "status": "healthy",
    "service": "gateway",
    "version": "0.1.0",
    "started_at": "2026-11-23T09:00:00.000000Z",
    "draining": False,
    "dependencies": [
        {"name": "orchestrator", "status": "healthy", "detail": "", "required": True},
        {"name": "orchestrator/postgresql", "status": "healthy", "detail": "", "required": True},
    ],
}
METRICS = (
    "# HELP octollm_service_up Whether the service answered this scrape.\n"
    "# TYPE octollm_service_up gauge\n"
    'octollm_service_up{service="orchestrator"} 1\n'
)
