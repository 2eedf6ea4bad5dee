"""The executor, put together."""

import grpc
from octollm.arms.v1 import executor_pb2_grpc

from arms.calls import Calls
from arms.executor.arm import ExecutorArm
from arms.executor.executor import Executor
from arms.executor.keeper import Keeper
from arms.executor.sandbox.account import sandbox_account
from arms.executor.sandbox.open import open_sandbox
from arms.executor.servicer import SERVICE_NAME, ExecutorServicer
from arms.executor.settings import ExecutorSettings
from arms.host import HostedArm
from servicekit.egress.fetch import Fetcher
from servicekit.egress.policy import EgressPolicy
from servicekit.status_board import StatusBoard

MOST_REQUEST_BYTES = 16 * 1024 * 1024
"""A program and its files."""


def host_executor(settings: ExecutorSettings | None = None, *, fetcher: Fetcher | None = None) -> HostedArm:
    """Return the executor as a process runs it; it is unavailable until its sandbox has passed a self-test.

    Args:
        settings: what it may do; read from the environment when None.
        fetcher: the way out; None makes the one that the settings describe.
    """
    settings = settings or ExecutorSettings()
    board = StatusBoard(service=ExecutorArm.arm_id)
    keeper = Keeper(
        opened=lambda: open_sandbox(
            account=sandbox_account(),
            staging_dir=settings.executor_staging_dir,
            places=settings.executor_places,
        ),
        board=board,
    )
    executor = Executor(
        sandbox=keeper.sandbox,
        fetcher=fetcher or Fetcher(policy=_egress(settings)),
        commands=settings.executor_commands,
        limits=settings.limits(),
    )

    def add_service(calls: Calls, server: grpc.aio.Server) -> None:
        servicer = ExecutorServicer(calls=calls, executor=executor)
        executor_pb2_grpc.add_ExecutorServiceServicer_to_server(servicer, server)

    return HostedArm(
        arm=ExecutorArm(executor=executor),
        board=board,
        add_typed=add_service,
        typed=[SERVICE_NAME],
        background=[keeper.run],
        options=[("grpc.max_receive_message_length", MOST_REQUEST_BYTES)],
    )


def _egress(settings: ExecutorSettings) -> EgressPolicy:
    return EgressPolicy(
        hosts=settings.executor_http_hosts, setting="OCTOLLM_EXECUTOR_HTTP_HOSTS", field="http.url"
    )
