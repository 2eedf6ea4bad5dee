"""Examples for the contract: an API key's life and its trace in the audit log."""

from typing import Any

from gateway.routes.examples import REQUEST_ID

KEY_REQUEST: dict[str, Any] = {
    "subject": "ci",
    "roles": ["user"],
    "label": "nightly build",
    "expires_in_days": 90,
}

KEY: dict[str, Any] = {
    "key_id": "3kTz9QwLmN4pRs7V",
    "tenant": "default",
    "subject": "ci",
    "roles": ["user"],
    "label": "nightly build",
    "created_at": "2026-11-23T09:30:00.000000Z",
    "expires_at": "2027-02-21T09:30:00.000000Z",
    "revoked_at": None,
    "last_used_at": None,
}

MADE_KEY: dict[str, Any] = {**KEY, "secret": "octo_3kTz9QwLmN4pRs7V_" + 43 * "x"}

REVOKED_KEY: dict[str, Any] = {**KEY, "revoked_at": "2026-11-24T10:00:00.000000Z"}

_PAGINATION = {"page": 1, "page_size": 50, "total_pages": 1, "total_items": 1}

KEY_PAGE: dict[str, Any] = {"data": [KEY], "pagination": _PAGINATION}

AUDIT_PAGE: dict[str, Any] = {
    "data": [
        {
            "created_at": "2026-11-23T09:31:00.000000Z",
            "tenant": "default",
            "subject": "ci",
            "action": "request",
            "object": "POST /api/v1/cache",
            "outcome": "refused",
            "reason": "SCOPE_MISSING",
            "request_id": REQUEST_ID,
            "address": "203.0.113.7",
        }
    ],
    "pagination": _PAGINATION,
}
