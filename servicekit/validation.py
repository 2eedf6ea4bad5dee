"""Field rules of the protos, enforced: protovalidate's violations become one ValidationFailedError."""

import protovalidate
from google.protobuf.message import Message

from servicekit.errors import ValidationFailedError


class Validator:
    """Checks messages against the rules in their protos.

    One instance serves a process; the first look at a message type compiles its rules (6-8 ms).
    """

    def __init__(self) -> None:
        self._validator = protovalidate.Validator()

    def check(self, message: Message) -> None:
        """Hold `message` against its rules.

        Raises:
            ValidationFailedError: naming the first field at fault, its rule, and how many more there are.
        """
        violations = self._validator.collect_violations(message)
        if not violations:
            return
        field, rule = _path(violations[0]), violations[0].proto.message
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        raise ValidationFailedError(
            f"{field or 'the request'} {rule}{more}",
            field=field or None,
            constraint=rule,
            reason="FIELD_RULE",
        )

    def warm(self, *messages: Message) -> None:
        """Compile the rules of these messages now, so that no caller waits for it."""
        for message in messages:
            self._validator.collect_violations(message)


def _path(violation: protovalidate.Violation) -> str:
    """The JSON path of the field at fault, such as ``spec.acceptance_criteria[2]``."""
    parts: list[str] = []
    field = violation.proto.field
    for element in field.elements if field else ():
        parts.append(("." if parts else "") + element.field_name)
        subscript = element.subscript
        if subscript is not None:
            parts.append(f"[{subscript.value}]")
    return "".join(parts)
