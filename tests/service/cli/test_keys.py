"""`echoscribe keys` as a user calls it."""

import re
from pathlib import Path

import pytest

from service.access.key_ring import KeyRing
from service.settings import Settings
from tests.service.cli.command_line import run


@pytest.fixture(autouse=True)
def own_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECHOSCRIBE_STORE", str(tmp_path / "own" / "results.sqlite3"))


def test_a_key_is_printed_once_listed_without_its_secret_and_revoked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "keys", "add", "--tenant", "lab-a", "--label", "gateway") == 0
    text = capsys.readouterr().out.strip()
    assert re.fullmatch(r"scribe_[0-9a-f]{8}_[\w-]{43}", text)
    key_id = text.split("_")[1]
    assert KeyRing(Settings().keys_file).caller(text).scopes == {"submit", "read"}
    assert run(monkeypatch, "keys", "list") == 0
    listed = capsys.readouterr().out
    assert all(word in listed for word in (key_id, "lab-a", "read submit", "gateway"))
    assert text.split("_", 2)[2] not in listed
    assert run(monkeypatch, "keys", "revoke", key_id) == 0
    assert run(monkeypatch, "keys", "audit") == 0
    assert [word in Settings().audit_file.read_text() for word in (key_id, "keys add", "keys revoke")] == [True] * 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "--scope", "root"), "scope: 'root' is none of submit, read, sign, admin"),
        (("add", "--tenant", "Lab A"), "tenant: 'Lab A' must be"),
        (("revoke", "00000000"), "key: none of the 0 keys in"),
    ],
)
def test_a_mistake_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert run(monkeypatch, "keys", *arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1
    assert not Settings().keys_file.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1"])
def test_without_keys_the_service_starts_on_loopback_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    assert run(monkeypatch, "serve", "--host", host, "--port", "0") == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert f"ECHOSCRIBE_HOST {host}" in said
    assert "echoscribe keys add" in said
    place = Settings().results_place
    assert isinstance(place, Path)
    assert not place.exists()
