"""The retriever's composition: the arm, its typed service, and what keeps its documents open."""

import grpc
from octollm.arms.v1 import retriever_pb2_grpc

from arms.calls import Calls
from arms.host import HostedArm
from arms.retriever.arm import RetrieverArm
from arms.retriever.documents import MAX_BYTES
from arms.retriever.keeper import Keeper
from arms.retriever.retriever import Retriever
from arms.retriever.servicer import SERVICE_NAME, RetrieverServicer
from arms.retriever.settings import RetrieverSettings
from servicekit.status_board import StatusBoard

ENVELOPE = 256 * 1024
"""Bytes of a request beside the document: title, metadata, token."""


def host_retriever(settings: RetrieverSettings | None = None) -> HostedArm:
    """The retriever, ready to be hosted; without a database it is there and says that it is unavailable.

    Args:
        settings: where the database is; read from the environment when None.
    """
    board = StatusBoard(service=RetrieverArm.arm_id)
    keeper = Keeper(settings=settings or RetrieverSettings(), board=board)

    def retriever() -> Retriever:
        return keeper.retriever

    def add_typed(calls: Calls, server: grpc.aio.Server) -> None:
        servicer = RetrieverServicer(calls=calls, retriever=retriever)
        retriever_pb2_grpc.add_RetrieverServiceServicer_to_server(servicer, server)

    return HostedArm(
        arm=RetrieverArm(retriever=retriever),
        board=board,
        add_typed=add_typed,
        typed=[SERVICE_NAME],
        background=[keeper.run],
        options=[("grpc.max_receive_message_length", MAX_BYTES + ENVELOPE)],
    )
