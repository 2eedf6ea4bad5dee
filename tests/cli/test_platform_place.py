"""Where an arm of one's own finds the platform: by name, by its file, by a socket that it may enter."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.platform_place import PlatformPlace, find_platform
from servicekit.errors import UnavailableError


@pytest.fixture
def sockets(tmp_path: Path) -> Path:
    """A platform's private directory, with the orchestrator's socket and the model's state in it."""
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "orchestrator.sock").touch()
    (folder / "model.json").touch()
    return folder


def write(data_dir: Path, **entries: Any) -> Path:
    (data_dir / "endpoints.json").write_text(json.dumps(entries))
    return data_dir


def test_its_socket_and_its_model_are_found(tmp_path: Path, sockets: Path) -> None:
    socket = f"unix:{sockets}/orchestrator.sock"
    place = write(tmp_path, orchestrator={"socket": socket, "grpc": "127.0.0.1:9000"})
    assert find_platform(named=None, data_dir=place) == PlatformPlace(
        orchestrator=socket, model_state_file=sockets / "model.json"
    )


def test_without_a_socket_that_is_there_its_port_is_taken(tmp_path: Path) -> None:
    place = write(
        tmp_path,
        orchestrator={"socket": "unix:/nonexistent/orchestrator.sock", "grpc": "127.0.0.1:9000"},
        supervisor={"internal_key": "/keys/internal.key"},
    )
    assert find_platform(named=None, data_dir=place) == PlatformPlace(
        orchestrator="127.0.0.1:9000", internal_key=Path("/keys/internal.key")
    )


def test_who_is_named_wins(tmp_path: Path) -> None:
    assert find_platform(named="there:9000", data_dir=tmp_path).orchestrator == "there:9000"


@pytest.mark.parametrize("content", [None, "", "[]", '{"gateway": {}}', '{"orchestrator": {"socket": 3}}'])
def test_where_nothing_runs_it_says_what_to_do(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "endpoints.json").write_text(content)
    with pytest.raises(UnavailableError, match="octollm serve all"):
        find_platform(named=None, data_dir=tmp_path)
