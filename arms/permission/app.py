"""The check of capability tokens, put together: the same for our arms and a third party's."""

import grpc

from arms.permission.clients import GrpcAudit, GrpcKeys
from arms.permission.keys import KeyRing
from arms.permission.tokens import TokenVerifiers


def token_verifiers(*, channel: grpc.aio.Channel) -> TokenVerifiers:
    """What checks the calls of every arm of a process; its `loops` must run beside them.

    Args:
        channel: to the orchestrator.
    """
    return TokenVerifiers(keys=KeyRing(source=GrpcKeys(channel=channel)), audit=GrpcAudit(channel=channel))
