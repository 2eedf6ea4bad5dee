"""The task of `octollm demo`: a short incident report in, a checked summary out."""

from typing import Any

INCIDENT_REPORT = """\
Incident 2031: checkout was down for 47 minutes on 3 March.
09:02 A deploy raised the connection pool of the order service from 20 to 200 connections per instance.
09:05 The orders database reached its limit of 500 connections and began to refuse new ones.
09:07 Checkout requests failed; the error rate reached 93 %. The pager rang at 09:16, nine minutes late,
because the alert watches the average over fifteen minutes.
09:31 The on-call engineer, Priya (priya.raman@shop.example), found the refused connections in the logs.
09:49 After the deploy was rolled back, checkout worked again. About 3,100 orders were lost.
Root cause: the pool size was multiplied by 24 instances and exceeded the database's connection limit.
Nobody reviewed the change, because configuration files need no approval.
"""

DEMO_TASK: dict[str, Any] = {
    "goal": (
        "Summarise this incident report for the engineering team in one paragraph: what happened, the root "
        "cause, the harm. Then list exactly three action items that keep it from happening again."
    ),
    "acceptance_criteria": [
        "lists exactly three action items",
        "mentions the root cause",
        "is at most 200 words",
    ],
    "context": {"incident_report": INCIDENT_REPORT},
    "budget": {"max_tokens": 20000, "max_time_seconds": 300},
    "metadata": {"source": "demo"},
}
"""The body of POST /tasks; the e-mail address is there for the reflex to find."""
