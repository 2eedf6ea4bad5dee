"""Settings: secrets from files, and ports that are not open to strangers by accident."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.supervisor.internal_key import kept_key
from servicekit.errors import UnavailableError, ValidationFailedError
from servicekit.secret_files import secret_from
from servicekit.settings import ServiceSettings

EVERYWHERE = "0.0.0.0"  # noqa: S104  # not bound here


class Settings(ServiceSettings):
    """Settings with a secret."""

    my_secret: SecretStr | None = None
    plain: str = ""


def test_a_secret_comes_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s").write_text("s3cret \n")
    monkeypatch.setenv("OCTOLLM_MY_SECRET_FILE", str(tmp_path / "s"))
    monkeypatch.setenv("OCTOLLM_PLAIN_FILE", str(tmp_path / "s"))
    found = Settings()
    assert found.my_secret == SecretStr("s3cret ")
    assert found.plain == ""
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize("content", ["missing", "folder", "", "\n", b"\xff\xfe", b"a" * 70_000])
def test_a_file_that_is_no_secret_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | bytes
) -> None:
    path = tmp_path / "s"
    if content == "folder":
        path.mkdir()
    elif content != "missing":
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv("OCTOLLM_MY_SECRET_FILE", str(path))
    with pytest.raises(ValidationFailedError, match=f"OCTOLLM_MY_SECRET_FILE: {path}"):
        Settings()


def test_both_are_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s").write_text("in the file")
    monkeypatch.setenv("OCTOLLM_MY_SECRET_FILE", str(tmp_path / "s"))
    monkeypatch.setenv("OCTOLLM_MY_SECRET", "in the variable")
    with pytest.raises(ValidationFailedError, match="both set") as caught:
        Settings()
    assert "in the" not in caught.value.message


def test_a_secret_by_name() -> None:
    assert secret_from({"A": "x"}, "A") == "x"
    assert secret_from({"A": ""}, "A") is None
    assert secret_from({}, "A") is None


@pytest.mark.parametrize(
    ("host", "auth", "told", "good"),
    [
        ("127.0.0.1", "none", False, True),
        ("127.8.9.1", "none", False, True),
        ("::1", "none", False, True),
        ("localhost", "none", False, True),
        (EVERYWHERE, "none", False, False),
        ("::", "none", False, False),
        ("10.1.2.3", "none", False, False),
        ("", "none", False, False),
        ("box.example", "none", False, False),
        (EVERYWHERE, "none", True, True),
        (EVERYWHERE, "required", False, True),
    ],
)
def test_without_authentication_only_this_machine_is_served(
    host: str, auth: str, told: bool, good: bool
) -> None:
    given = {"host": host, "auth": auth, "expose_without_auth": told}
    if good:
        assert ServiceSettings.model_validate(given).host == host
    else:
        with pytest.raises(ValidationFailedError, match="OCTOLLM_AUTH=required"):
            ServiceSettings.model_validate(given)


def test_required_needs_a_key() -> None:
    with pytest.raises(ValidationFailedError, match="OCTOLLM_INTERNAL_KEY_FILE"):
        ServiceSettings(auth="required").internal_tokens("gateway")
    assert ServiceSettings().internal_tokens("gateway") is None


def test_the_supervisors_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = kept_key(tmp_path)
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.strip()) == 64
    assert kept_key(tmp_path).read_text() == first
    path.chmod(0o640)
    with pytest.raises(UnavailableError, match="remove it"):
        kept_key(tmp_path)
