"""Forms with files (RFC 7578), read strictly while they come."""

from fastapi import UploadFile
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import FormData, Headers

from gateway.routing.asgi import Receive
from gateway.routing.form_parts import Part, PartReader, malformed, text_of
from servicekit.errors import UnavailableError, ValidationFailedError

MAX_BOUNDARY = 70
"""Characters of a boundary (RFC 2046, 5.1.1)."""


async def read_form(receive: Receive, *, content_type: bytes) -> FormData:
    """Read a form to its end.

    Args:
        receive: gives the body.
        content_type: with the boundary.

    Returns:
        Its fields: texts, and files as `UploadFile`; closing it lets go of them.

    Raises:
        ValidationFailedError: it is malformed, or breaks off.
        UnavailableError: there is no room for its files.
    """
    reader = PartReader()
    try:
        parser = MultipartParser(boundary_of(content_type), reader.callbacks())
        await _feed(parser, receive)
        _check_end(reader)
        return FormData([(part.name, _field(part)) for part in reader.parts.values()])
    except FormParserError:
        reader.close()
        raise malformed("must be multipart/form-data") from None
    except OSError as error:
        reader.close()
        raise UnavailableError(
            "there is no room for the upload; try again later", reason="NO_ROOM"
        ) from error
    except BaseException:
        reader.close()
        raise


def boundary_of(content_type: bytes) -> bytes:
    """The boundary that a Content-Type tells.

    Raises:
        ValidationFailedError: it tells none that may be one.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY:
        raise malformed(f"must tell a boundary of 1 to {MAX_BOUNDARY} characters", field="Content-Type")
    return boundary


async def _feed(parser: MultipartParser, receive: Receive) -> None:
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ValidationFailedError("the body broke off", constraint="must be sent to its end")
        parser.write(message.get("body", b""))
        more = message.get("more_body", False)
    parser.finalize()


def _check_end(reader: PartReader) -> None:
    if not reader.ended:
        raise malformed("must end with its closing boundary")


def _field(part: Part) -> UploadFile | str:
    part.content.seek(0)
    if part.filename is None:
        with part.content as content:
            return text_of(content.read(), field=part.name)
    return UploadFile(
        file=part.content, size=part.size, filename=part.filename, headers=Headers(part.headers)
    )
