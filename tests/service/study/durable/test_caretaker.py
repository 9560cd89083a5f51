"""Rounds: what is too old is erased, unless the clock was set meanwhile."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.errors import UnknownStudy
from service.settings import Settings
from service.store.results import ResultStore
from service.study.durable.caretaker import Caretaker
from service.study.durable.upload_folders import UploadFolders
from tests.service.store.rows import document


def add(store: ResultStore, name: str, days_ago: float) -> None:
    store.accept(name)
    created = datetime.now(UTC) - timedelta(days=days_ago)
    store.complete(document(name).model_copy(update={"created": created}))


def test_answers_are_erased_after_their_time_and_not_while_the_clock_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.model_validate({"retention_days": 30})
    with ResultStore(tmp_path / "s.sqlite3") as store, UploadFolders(tmp_path / "uploads") as folders:
        add(store, "old", 31)
        add(store, "young", 29)
        caretaker = Caretaker(store, folders, {}, settings)
        now = time.time
        with monkeypatch.context() as jumped:
            for jump_seconds in (400 * 86_400, -400 * 86_400):
                jumped.setattr("service.study.durable.caretaker.time.time", lambda ahead=jump_seconds: now() + ahead)
                caretaker.make_round()
                assert {study.study_id for study in store.phenotypes(limit=5).studies} == {"old", "young"}
        caretaker.make_round()
        with pytest.raises(UnknownStudy):
            store.find("old")
        assert store.find("young") is not None


def test_without_a_setting_everything_stays(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "s.sqlite3") as store, UploadFolders(tmp_path / "uploads") as folders:
        add(store, "old", 5000)
        Caretaker(store, folders, {}, Settings()).make_round()
        assert store.find("old") is not None
