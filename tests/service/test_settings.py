"""Settings come from the environment, are validated, and the table of docs/settings.md is what they are."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings, settings_table

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_shows_the_settings_as_they_are() -> None:
    assert settings_table() in PAGE.read_text(encoding="utf-8"), "run: python -m scripts.print_settings"


def test_every_setting_is_described_and_has_a_default() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert not field.is_required(), name


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECHOSCRIBE_PORT", "9000")
    monkeypatch.setenv("ECHOSCRIBE_STORE", str(tmp_path / "x.sqlite3"))
    settings = Settings()
    assert (settings.port, settings.store) == (9000, tmp_path / "x.sqlite3")
    assert settings.host == "127.0.0.1"
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # the test is that it fails


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "70000"), ("QUEUE_SIZE", "0"), ("DEVICE", "tpu"), ("LOG_LEVEL", "loud"), ("UPLOAD_SECONDS", "-1")],
)
def test_values_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ECHOSCRIBE_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_the_store_follows_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().store == tmp_path / "echoscribe" / "results.sqlite3"
