"""The embedded PostgreSQL's configuration files: one socket, the caller's own user only, small machines."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

SUPERUSER = "postgres"
USER = "octollm"
DATABASE = "octollm"

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",  # Unix socket only
        "unix_socket_permissions": "0700",
        "max_connections": "64",
        "shared_buffers": "128MB",
        "effective_cache_size": "512MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        "max_wal_size": "512MB",
        "wal_level": "minimal",  # no replica reads from an embedded server
        "max_wal_senders": "0",
        "max_logical_replication_workers": "0",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "jit": "off",  # short queries: compiling costs more than it saves
        "random_page_cost": "1.1",  # solid state disks
        "max_parallel_workers_per_gather": "0",  # two cores are shared with the services
        "dynamic_shared_memory_type": "mmap",  # containers give /dev/shm 64 MB
        "io_method": "sync",  # no extra worker processes
        "idle_in_transaction_session_timeout": "60s",
        "client_connection_check_interval": "1s",  # a query whose client left is ended
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
        "log_checkpoints": "off",
        "log_error_verbosity": "terse",  # details quote the values of rows
        "log_min_error_statement": "panic",  # statements may quote them too
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
)


def write_configuration(
    directory: Path, *, data: Path, sockets: Path, client: str, overrides: Mapping[str, str]
) -> Path:
    """Write postgresql.conf, pg_hba.conf and pg_ident.conf, replacing what an earlier start wrote.

    Args:
        directory: where to; the server's account must be able to read it.
        data: the cluster's data directory.
        sockets: the directory of its socket.
        client: the one operating system user who may connect; the kernel vouches for it.
        overrides: settings that replace ours.

    Returns:
        The path of postgresql.conf.
    """
    files = {
        "data_directory": str(data),
        "hba_file": str(directory / "pg_hba.conf"),
        "ident_file": str(directory / "pg_ident.conf"),
        "unix_socket_directories": str(sockets),
    }
    lines = [f"{name} = {_quoted(value)}" for name, value in {**SETTINGS, **files, **overrides}.items()]
    _write(directory / "pg_hba.conf", "local all all peer map=octollm\n")
    _write(directory / "pg_ident.conf", f'octollm "{client}" all\n')
    return _write(directory / "postgresql.conf", "\n".join(lines) + "\n")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)  # ours, no secret in it, and the server's account has to read it
    return path
