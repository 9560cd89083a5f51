"""The contract of the store, in both places: what it keeps over a restart, what it refuses, what it leaves out."""

import sqlite3
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.errors import AnswerUnreadable, IdempotencyKeyReused, Interrupted, MixedStudies, UnknownStudy
from service.problem import Problem
from service.settings import PostgresPlace
from service.store.results import KeyedRequest, ResultStore, interrupted
from tests.service.store.rows import STATED, add, document, run_sql

Place = Path | PostgresPlace


def test_answers_and_problems_survive_a_restart(place: Place) -> None:
    with ResultStore(place) as store:
        answered, failed, open_one = add(store), store.accept(str(uuid.uuid4())), store.accept(str(uuid.uuid4()))
        store.fail(failed, Problem.of(MixedStudies("two", positions=[1, 2]), failed))
        assert store.find(open_one) is None
    with ResultStore(place) as store:
        assert store.find(answered) == document(answered)
        problem = store.find(failed)
        assert isinstance(problem, Problem)
        assert (problem.code, problem.positions) == ("mixed_studies", [1, 2])
        assert store.find(open_one) is None
        assert store.open_studies() == {open_one}
        with pytest.raises(UnknownStudy):
            store.find("nobody")


def test_pages_are_newest_first_and_complete(place: Place) -> None:
    with ResultStore(place) as store:
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
        assert only.studies[0].model_dump(include=set(STATED)) == STATED
        with pytest.raises(UnknownStudy, match="after"):
            store.phenotypes(limit=2, after="nobody")


def test_a_key_stands_for_one_request(place: Place) -> None:
    with ResultStore(place) as store:
        keyed = KeyedRequest("key", "payload")
        assert store.accept("first", keyed) == "first"
        assert store.accept("second", keyed) == "first"
        with pytest.raises(IdempotencyKeyReused):
            store.accept("third", KeyedRequest("key", "other payload"))
        assert store.accept("fourth", KeyedRequest("another key", "payload")) == "fourth"
        with pytest.raises(UnknownStudy):
            store.find("second")


def test_one_key_from_many_threads_is_one_study(place: Place) -> None:
    together = threading.Barrier(8)

    def accept(number: int) -> str:
        together.wait(30)
        return store.accept(f"study-{number}", KeyedRequest("key", "payload"))

    with ResultStore(place) as store, ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(accept, range(8)))) == 1


def test_a_key_is_free_again_after_a_fault_of_ours(place: Place) -> None:
    keyed = KeyedRequest("key", "payload")
    with ResultStore(place) as store:
        store.accept("first", keyed)
        store.fail("first", Problem.of_status(500))
        assert store.accept("second", keyed) == "second"
        store.fail("second", Problem.of(interrupted(), "second"))
        assert store.accept("third", keyed) == "third"
    with ResultStore(place) as store:
        store.fail("third", Problem.of(MixedStudies("theirs")))
        assert store.accept("fourth", keyed) == "third"


def test_a_forgotten_and_an_erased_study_are_unknown(place: Place) -> None:
    with ResultStore(place) as store:
        store.accept("one")
        store.forget("one")
        two = add(store)
        store.erase(two)
        for study_id in ("one", two):
            with pytest.raises(UnknownStudy):
                store.find(study_id)
            with pytest.raises(UnknownStudy):
                store.erase(study_id)
        assert store.phenotypes(limit=5).studies == []


def test_an_answer_that_comes_after_its_study_was_erased_is_not_kept(place: Place) -> None:
    with ResultStore(place) as store:
        store.accept("one")
        store.erase("one")
        assert not store.complete(document("one"))
        assert not store.fail("one", Problem.of_status(500))
        assert store.phenotypes(limit=5).studies == []


def test_only_settled_studies_grow_too_old(place: Place) -> None:
    with ResultStore(place) as store:
        old, kept, open_one = add(store, minutes=0), add(store, minutes=60), store.accept("open")
        run_sql(place, "UPDATE studies SET created = '2020-01-01T00:00:00.000000+00:00' WHERE study_id = ?", open_one)
        assert store.erase_before(datetime(2026, 1, 1, 0, 30, tzinfo=UTC)) == 1
        with pytest.raises(UnknownStudy):
            store.find(old)
        assert store.find(kept) == document(kept, 60)
        assert store.find(open_one) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("phenotypes = '{'", "damaged"),
        ("phenotypes = NULL", "damaged"),
        ("created = 'yesterday'", "damaged"),
        ("version = 2", "written_by_a_newer_version"),
    ],
)
def test_one_row_that_cannot_be_read_is_named_and_left_out(place: Place, change: str, reason: str) -> None:
    with ResultStore(place) as store:
        good = [add(store, minutes) for minutes in (1, 3)]
        bad = add(store, 2)
        run_sql(place, f"UPDATE studies SET {change} WHERE study_id = ?", bad)
        page = store.phenotypes(limit=5)
        assert {study.study_id for study in page.studies} == set(good)
        assert [(each.study_id, each.reason) for each in page.left_out] == [(bad, reason)]
        first = store.phenotypes(limit=1)
        seen = [*first.studies, *first.left_out]
        while first.next:
            first = store.phenotypes(limit=1, after=first.next)
            seen += [*first.studies, *first.left_out]
        assert len(seen) == 3, "pages go on past a row that cannot be read"


@pytest.mark.parametrize("change", ["document = '{'", "document = '{}'", "version = 2"])
def test_a_damaged_answer_says_so(place: Place, change: str) -> None:
    with ResultStore(place) as store:
        study_id = add(store)
        run_sql(place, f"UPDATE studies SET {change} WHERE study_id = ?", study_id)
        with pytest.raises(AnswerUnreadable):
            store.find(study_id)


def test_a_damaged_problem_says_so(place: Place) -> None:
    with ResultStore(place) as store:
        study_id = store.accept("one")
        run_sql(place, "UPDATE studies SET problem = 'x' WHERE study_id = ?", study_id)
        with pytest.raises(AnswerUnreadable):
            store.find(study_id)
        assert not store.take_up(study_id)


def test_studies_are_taken_up_by_who_has_their_files(place: Place) -> None:
    with ResultStore(place, "a" * 32) as store:
        open_one, answered, failed = store.accept("open"), add(store), store.accept("failed")
        store.fail(failed, Problem.of(MixedStudies("theirs")))
        assert store.open_studies() == {open_one}
        assert store.take_up(open_one)
        store.fail(open_one, Problem.of(Interrupted("called so"), open_one))
        assert store.take_up(open_one), "its files came back"
        assert store.find(open_one) is None
        assert not any(store.take_up(study_id) for study_id in (answered, failed, "never accepted"))


@pytest.mark.parametrize("secret", ["MRN-12345"])
def test_no_key_is_kept_as_it_came(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "s.sqlite3"
    with ResultStore(path) as store:
        store.accept("one", KeyedRequest(secret, "payload"))
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT key_digest FROM studies").fetchone()[0] != secret
