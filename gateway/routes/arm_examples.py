"""Examples for the contract: what the arms take and give."""

from typing import Any

from gateway.routes.examples import PAGINATION

_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
_PROMPT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_TASK: dict[str, Any] = {
    "goal": "Summarise the incident report in five sentences.",
    "constraints": ["Write for people who were not on call."],
    "acceptance_criteria": ["Names the cause."],
    "context": {"report": "At 09:12 the checkout service began to answer 500. ..."},
}
_LIMITS = {"max_tokens": 4000, "max_cost_dollars": 0.5}


def _worked(arm_id: str, *, method: str, tokens: int = 0) -> dict[str, Any]:
    """What a result of this arm says of how it came to be."""
    return {
        "usage": {
            "input_tokens": tokens,
            "output_tokens": tokens // 4,
            "cost_dollars": 0.0,
            "cost_known": True,
            "model_requests": int(bool(tokens)),
        },
        "provenance": {
            "arm_id": arm_id,
            "instance_id": f"{arm_id}-5f3a9c0d1e2b4a67",
            "arm_version": "0.1.0",
            "model": _MODEL if tokens else None,
            "prompt_hash": _PROMPT if tokens else None,
            "confidence": 0.8,
            "method": method,
            "sources": [],
            "runs": [],
            "started_at": "2026-11-23T09:30:01.000000Z",
            "finished_at": "2026-11-23T09:30:02.500000Z",
        },
    }


PLAN_REQUEST = {
    "task": _TASK,
    "capabilities": [{"name": "text_generation", "description": "Writes prose.", "cost_tier": 2}],
    "max_steps": 5,
    "limits": _LIMITS,
}
PLAN: dict[str, Any] = {
    "steps": [
        {
            "step_id": "summarise",
            "name": "Summarise the report",
            "capability": "text_generation",
            "instruction": "Summarise the incident report in five sentences.",
            "depends_on": [],
            "arguments": None,
            "estimated_tokens": 1200,
            "estimated_seconds": 8.0,
        }
    ],
    "rationale": "One piece of prose from given material.",
    **_worked("planner", method="rule"),
}

EXECUTE_REQUEST = {
    "python": {"source": "print(sum(range(10)))\nopen('sum.txt', 'w').write('45')", "outputs": ["sum.txt"]},
    "timeout_seconds": 10,
}
_FILE = {"name": "sum.txt", "media_type": "text/plain", "content": "45", "encoding": "utf-8"}
OUTCOME = {
    "exit_code": 0,
    "stopped_by": None,
    "truncated": False,
    "stdout": "45\n",
    "stderr": "",
    "value": None,
    "files": [_FILE],
    "seconds": 0.04,
    **_worked("executor", method="sandbox"),
}

CITATION = {
    "document_id": "doc_4fGh7Jk2Lm9Qr1Xz",
    "title": "Runbook of the checkout service",
    "chunk_id": "doc_4fGh7Jk2Lm9Qr1Xz:3",
    "quote": "When the connection pool is exhausted, restart the workers one by one.",
    "score": 0.91,
}
SEARCH_REQUEST = {
    "query": "What to do when the connection pool is exhausted?",
    "limit": 5,
    "mode": "hybrid",
    "filters": {"team": "payments"},
}
PASSAGES = {"passages": [{"citation": CITATION, "text": f"## Connection pool\n\n{CITATION['quote']}"}]}
DOCUMENT = {
    "document_id": "doc_4fGh7Jk2Lm9Qr1Xz",
    "title": "Runbook of the checkout service",
    "media_type": "text/markdown",
    "metadata": {"team": "payments"},
    "chunks": 12,
    "size_bytes": 9216,
    "created_at": "2026-11-23T09:30:00.000000Z",
}
DOCUMENT_PAGE = {"data": [DOCUMENT], "pagination": PAGINATION}
UPLOAD = {
    "file": "# Checkout\n\n## Connection pool\n\n...",
    "title": "Runbook of the checkout service",
    "metadata": '{"team": "payments"}',
}

CODE_REQUEST = {
    "action": "generate",
    "instruction": "A function is_leap(year) by the Gregorian rules.",
    "language": "python",
    "tests": "assert is_leap(2000)\nassert not is_leap(1900)",
    "limits": _LIMITS,
}
CODE = {
    "code": "def is_leap(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)\n",
    "language": "python",
    "explanation": "Every fourth year, but not full centuries unless divisible by 400.",
    "verification": "python ran the code with its tests",
    "verified": True,
    "tests": CODE_REQUEST["tests"],
    "tests_by": "caller",
    "failure": None,
    **_worked("coder", method="model", tokens=380),
}

VALIDATE_REQUEST = {
    "task": _TASK,
    "output": "The checkout service failed because its connection pool was exhausted. ...",
    "limits": _LIMITS,
}
JUDGEMENT = {
    "verdicts": [
        {
            "criterion": "Names the cause.",
            "passed": True,
            "evidence": "its connection pool was exhausted",
            "confidence": 0.9,
            "method": "model",
        }
    ],
    "passed": True,
    "confidence": 0.9,
    "feedback": None,
    **_worked("judge", method="model", tokens=412),
}

REVIEW_REQUEST = {"text": "Write to jane.roe@example.com, please.", "direction": "out", "pii": "redact"}
REVIEW = {
    "action": "sanitize",
    "findings": [
        {
            "category": "pii",
            "type": "email",
            "severity": "medium",
            "start": 9,
            "end": 29,
            "reason": "an e-mail address",
        }
    ],
    "sanitized_text": "Write to [EMAIL], please.",
    **_worked("guardian", method="rule"),
}

STEP_REQUEST = {
    "capability": "document_search",
    "instruction": "What to do when the connection pool is exhausted?",
    "arguments": {"limit": 3},
}
STEP_RESULT = {
    "output": f"{CITATION['quote']} [1]",
    "value": {"passages": 1},
    "confidence": 0.9,
    "citations": [CITATION],
    "artifacts": [],
    **_worked("retriever", method="hybrid"),
}
