"""The store: what it keeps over a restart, what it refuses, and what it must not hold."""

import sqlite3
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.errors import IdempotencyKeyReused, MixedStudies, StoreInUse, StoreUnavailable, UnknownStudy
from service.problem import Problem
from service.run_options import RunOptions
from service.schemas import ClipOut, ReportDocument
from service.store.results import KeyedRequest, ResultStore
from tests.service.invented import invented_document

CLIP = ClipOut(
    clip=1, sha256="ab" * 32, used=True, skipped=None, detail=None, view="front", view_probability=1.0, start_frame=0
)


def document(study_id: str, minutes: int = 0) -> ReportDocument:
    made = invented_document(RunOptions(study_id=study_id), [CLIP], {"bundle": "invented"})
    return made.model_copy(update={"created": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)})


def add(store: ResultStore, minutes: int = 0) -> str:
    study_id = store.accept(str(uuid.uuid4()))
    store.complete(document(study_id, minutes))
    return study_id


def test_answers_and_problems_survive_a_restart(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "s.sqlite3") as store:
        answered, failed, open_one = add(store), store.accept(str(uuid.uuid4())), store.accept(str(uuid.uuid4()))
        store.fail(failed, Problem.of(MixedStudies("two", positions=[1, 2]), failed))
        assert store.find(open_one) is None
    with ResultStore(tmp_path / "s.sqlite3") as store:
        assert store.find(answered) == document(answered)
        problem = store.find(failed)
        assert isinstance(problem, Problem)
        assert (problem.code, problem.positions) == ("mixed_studies", [1, 2])
        interrupted = store.find(open_one)
        assert isinstance(interrupted, Problem)
        assert (interrupted.code, interrupted.status) == ("interrupted", 410)
        with pytest.raises(UnknownStudy):
            store.find("nobody")


def test_pages_are_newest_first_and_complete(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "s.sqlite3") as store:
        ids = [add(store, minutes) for minutes in (3, 1, 2, 1, 5)]
        store.accept("unanswered")
        seen: list[str] = []
        after = None
        while True:
            page = store.phenotypes(limit=2, after=after)
            seen += [study.study_id for study in page.studies]
            after = page.next
            if after is None:
                break
        assert sorted(seen) == sorted(ids)
        assert seen[:3] == [ids[4], ids[0], ids[2]]
        only = store.phenotypes(limit=2, study_id=ids[1])
        assert [study.study_id for study in only.studies] == [ids[1]]
        assert only.studies[0].phenotypes == document(ids[1]).phenotypes
        with pytest.raises(UnknownStudy, match="after"):
            store.phenotypes(limit=2, after="nobody")


def test_a_key_stands_for_one_request(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "s.sqlite3") as store:
        keyed = KeyedRequest("key", "payload")
        assert store.accept("first", keyed) == "first"
        assert store.accept("second", keyed) == "first"
        with pytest.raises(IdempotencyKeyReused):
            store.accept("third", KeyedRequest("key", "other payload"))
        assert store.accept("fourth", KeyedRequest("another key", "payload")) == "fourth"
        with pytest.raises(UnknownStudy):
            store.find("second")


def test_a_key_is_free_again_after_a_fault_of_ours_and_after_a_restart(tmp_path: Path) -> None:
    keyed = KeyedRequest("key", "payload")
    with ResultStore(tmp_path / "s.sqlite3") as store:
        store.accept("first", keyed)
        store.fail("first", Problem.of_status(500))
        assert store.accept("second", keyed) == "second"
    with ResultStore(tmp_path / "s.sqlite3") as store:
        assert store.accept("third", keyed) == "third"
        store.fail("third", Problem.of(MixedStudies("theirs")))
        assert store.accept("fourth", keyed) == "third"


def test_a_forgotten_study_is_unknown(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "s.sqlite3") as store:
        store.accept("one")
        store.forget("one")
        with pytest.raises(UnknownStudy):
            store.find("one")


def test_the_file_holds_neither_keys_nor_more_rights_than_needed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "s.sqlite3"
    with ResultStore(path) as store:
        store.accept("one", KeyedRequest("MRN-12345", "payload"))
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
    for file in path.parent.iterdir():
        assert b"MRN-12345" not in file.read_bytes()


def test_a_second_holder_a_newer_schema_and_no_database_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    with ResultStore(path), pytest.raises(StoreInUse, match="ECHOSCRIBE_STORE"):
        ResultStore(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StoreUnavailable, match="99"):
        ResultStore(path)
    (tmp_path / "text.sqlite3").write_text("no database at all" * 100)
    with pytest.raises(StoreUnavailable):
        ResultStore(tmp_path / "text.sqlite3")
    with pytest.raises(StoreUnavailable):
        ResultStore(path / "below" / "a" / "file.sqlite3")
