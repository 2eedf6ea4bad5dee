"""Why a document was not read when it was the process that failed, not the document that said so."""

from servicekit.errors import ValidationFailedError


def too_complex() -> ValidationFailedError:
    """The error for a document that needs more memory or time than any gets."""
    return ValidationFailedError(
        "the document takes more memory or time to read than any may",
        field="content",
        constraint="must be readable in bounded memory and time",
        reason="DOCUMENT_TOO_COMPLEX",
    )


def crashed() -> ValidationFailedError:
    """The error for a document that ended the process that read it."""
    return ValidationFailedError(
        "the document made the program that reads it fail: it is damaged, or takes too much memory",
        field="content",
        constraint="must be a document that can be read",
        reason="DOCUMENT_DAMAGED",
    )
