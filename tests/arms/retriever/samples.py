"""Documents made for tests: small PDFs, and hostile files of every kind."""

import zlib
from collections.abc import Sequence


def make_pdf(*pages: Sequence[str], repeat_last: int = 1) -> bytes:
    """A PDF with so many pages, each with its lines of text; the last one may stand there several times."""
    streams = [b"".join(_line(number, line) for number, line in enumerate(lines)) for lines in pages]
    return assemble_pdf([_stream(zlib.compress(stream)) for stream in streams], repeat_last=repeat_last)


def assemble_pdf(streams: Sequence[bytes], *, repeat_last: int = 1, trailer: bytes = b"") -> bytes:
    """A PDF whose pages have these content streams."""
    order = [*range(len(streams)), *[len(streams) - 1] * (repeat_last - 1)]
    first_page = 4 + len(streams)
    kids = b" ".join(b"%d 0 R" % (first_page + place) for place in range(len(order)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(order)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *streams,
        *(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (4 + stream)
            for stream in order
        ),
    ]
    return _file(objects, trailer)


def bomb_pdf(mebibytes: int) -> bytes:
    """A PDF of some KiB whose only page unpacks to so many MiB of spaces."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 2**20) for _ in range(mebibytes)) + packer.flush()
    return assemble_pdf([_stream(packed)])


def slow_pdf() -> bytes:
    """A PDF that is within every limit of its library and still takes minutes to read."""
    return make_pdf(["word"] * 4000, repeat_last=3000)


def _line(number: int, text: str) -> bytes:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("latin-1")
    return b"BT /F1 12 Tf 72 %d Td (%s) Tj ET\n" % (780 - 16 * number, escaped)


def _stream(packed: bytes) -> bytes:
    return b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)


def _file(objects: Sequence[bytes], trailer: bytes) -> bytes:
    body, places = b"%PDF-1.7\n", list[int]()
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF"
        % (
            len(objects) + 1,
            table,
            len(objects) + 1,
            trailer,
            len(body),
        )
    )
