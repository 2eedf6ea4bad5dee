"""Error responses that are the same in many places of a contract, written once."""

from collections.abc import Sequence
from typing import Any

from gateway.errors import CODE_OF_STATUS


def share_failures(operations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Move the error responses out of the operations, which refer to them from then on.

    Args:
        operations: changed in place; an error says the same in all of them.

    Returns:
        The error responses by name, for ``components.responses``.
    """
    shared: dict[str, Any] = {}
    for operation in operations:
        responses = operation["responses"]
        for status in sorted(responses):
            if int(status) in CODE_OF_STATUS:
                name = "".join(it.capitalize() for it in CODE_OF_STATUS[int(status)].value.split("_"))
                shared.setdefault(name, responses[status])
                responses[status] = {"$ref": f"#/components/responses/{name}"}
        operation["responses"] = dict(sorted(responses.items()))
    return dict(sorted(shared.items()))
