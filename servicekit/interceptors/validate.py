"""Holds every request message against the rules in its proto before a servicer sees it."""

from contextlib import AbstractAsyncContextManager, nullcontext

from google.protobuf.message import Message

from servicekit.interceptors.wrap import Call, GuardInterceptor
from servicekit.validation import Validator


class ValidateInterceptor(GuardInterceptor):
    """Refuses requests that break their rules with VALIDATION_ERROR."""

    def __init__(self, *, validator: Validator) -> None:
        self._validator = validator

    def guard(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Nothing around the call: the look at each message is all."""
        del call
        return nullcontext()

    def look(self, request: Message) -> None:
        """Check one message.

        Raises:
            ValidationFailedError: when it breaks a rule.
        """
        self._validator.check(request)
