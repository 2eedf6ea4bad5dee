"""A process that reads documents, one after the other: `python -m arms.retriever.reading.worker`.

It holds no connection and no secret; the kernel bounds its memory and time, and the service ends it when a
document takes too long. Standard input brings documents, standard output takes answers.
"""

import sys
from typing import BinaryIO

from arms.retriever.documents import MediaType
from arms.retriever.reading.chunking import ChunkingRules
from arms.retriever.reading.frames import HELLO, encode_chunks, encode_refusal, read_frame, write_frame
from arms.retriever.reading.limits import allow_cpu, confine
from arms.retriever.reading.reader import read_chunks
from arms.retriever.reading.refusals import too_complex
from servicekit.errors import ValidationFailedError


def main() -> None:
    """Answer until the input ends."""
    seconds = float(sys.argv[1])
    rules = ChunkingRules(most=int(sys.argv[2]), overlap=int(sys.argv[3]))
    confine()
    write_frame(sys.stdout.buffer, HELLO)
    while _answer_one(sys.stdin.buffer, sys.stdout.buffer, seconds=seconds, rules=rules):
        pass


def _answer_one(documents: BinaryIO, answers: BinaryIO, *, seconds: float, rules: ChunkingRules) -> bool:
    """Answer one document; False when there is none, or this process has spent its memory."""
    media_type, content = read_frame(documents), read_frame(documents)
    if media_type is None or content is None:
        return False
    allow_cpu(seconds)
    try:
        chunks = read_chunks(content, media_type=MediaType(media_type.decode()), rules=rules)
        write_frame(answers, encode_chunks(chunks))
    except ValidationFailedError as error:
        write_frame(answers, encode_refusal(error))
    except (MemoryError, RecursionError):
        write_frame(answers, encode_refusal(too_complex()))
        return False
    return True


if __name__ == "__main__":
    main()
