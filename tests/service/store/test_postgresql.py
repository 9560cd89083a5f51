"""What PostgreSQL alone must stand: several processes, a restart, an address that holds a password."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.errors import StoreInUse, StoreUnavailable
from service.problem import Problem
from service.settings import PostgresPlace, Settings
from service.store.postgresql import documents_of
from service.store.results import ResultStore
from tests.service.conftest import wait_until
from tests.service.store.postgres_server import PostgresServer
from tests.service.store.rows import add, document, run_sql

ONE, OTHER, THIRD = "1" * 32, "2" * 32, "3" * 32


def test_processes_do_not_take_each_others_studies_for_interrupted(postgres: PostgresServer) -> None:
    place = postgres.place()
    with ResultStore(place, ONE) as one:
        study_id = one.accept("of-one")
        with ResultStore(place, OTHER) as other:
            assert other.find(study_id) is None
            assert other.open_studies() == set()
            other.settle_orphans()
            assert one.complete(document(study_id))
            assert other.find(study_id) == document(study_id)
            mine = add(other)
            assert one.find(mine) == document(mine)


def test_studies_of_an_owner_that_is_gone_for_a_day_are_interrupted_and_can_come_back(postgres: PostgresServer) -> None:
    place = postgres.place()
    with ResultStore(place, ONE) as one:
        one.accept("left")
    with ResultStore(place, OTHER) as other:
        assert other.find("left") is None, "it may come back"
        run_sql(place, "UPDATE owners SET seen = now() - interval '2 days' WHERE owner = ?", ONE)
        other.settle_orphans()
        problem = other.find("left")
        assert isinstance(problem, Problem)
        assert problem.code == "interrupted"
    with ResultStore(place, ONE) as one:
        assert one.take_up("left")
        assert one.complete(document("left"))
        assert one.find("left") == document("left")


def test_a_copied_upload_folder_is_refused_while_its_original_lives(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.postgresql._LOCK_PAUSE_SECONDS", 0.01)
    place = postgres.place()
    with ResultStore(place, ONE), pytest.raises(StoreInUse, match="ECHOSCRIBE_UPLOAD_FOLDER"):
        ResultStore(place, ONE)
    with ResultStore(place, ONE):
        pass


def test_many_that_start_together_make_one_schema(postgres: PostgresServer) -> None:
    place = postgres.place()

    def use(number: int) -> str:
        with ResultStore(place, str(number) * 32) as store:
            return add(store, number)

    with ThreadPoolExecutor(4) as pool:
        added = set(pool.map(use, range(4)))
    with ResultStore(place, ONE) as store:
        assert {study.study_id for study in store.phenotypes(limit=9).studies} == added


def test_a_restart_of_the_server_costs_no_row_and_the_lock_is_taken_again(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.postgresql._BEAT_SECONDS", 0.1)
    monkeypatch.setattr("service.store.postgresql._LOCK_PAUSE_SECONDS", 0.01)
    place = postgres.place()
    with ResultStore(place, ONE) as store:
        before = add(store)
        postgres.stop()
        with pytest.raises(StoreUnavailable):
            store.find(before)
        postgres.start()
        assert store.find(before) == document(before)
        add(store, 1)

        def is_locked() -> bool:
            try:
                ResultStore(place, ONE).close()
            except StoreInUse:
                return True
            return False

        time.sleep(0.5)  # the beat comes ten times in it
        wait_until(is_locked)


def test_an_address_is_never_shown_with_its_password(postgres: PostgresServer) -> None:
    url = postgres.url().replace("tester@", "tester:PLANTED@")
    settings = Settings.model_validate({"store": url})
    assert "PLANTED" not in repr(settings) + str(settings.results_place)
    place = settings.results_place
    assert isinstance(place, PostgresPlace)
    with ResultStore(place, ONE) as store:
        assert "PLANTED" not in store.place
    for broken in (url.replace("127.0.0.1", "127.0.0.1x"), "postgresql://tester:PLANTED@127.0.0.1:1/none"):
        with pytest.raises(StoreUnavailable) as refused:
            ResultStore(PostgresPlace(SecretStr(broken), "echoscribe"), THIRD)
        assert "PLANTED" not in str(refused.value)


def test_shadow_drafts_lie_in_a_schema_of_their_own(postgres: PostgresServer) -> None:
    url = postgres.url()
    places = [Settings.model_validate({"store": url, "shadow": shadow}).results_place for shadow in (True, False)]
    shadow, plain = places
    assert isinstance(shadow, PostgresPlace)
    assert isinstance(plain, PostgresPlace)
    with ResultStore(shadow, ONE) as drafts, ResultStore(plain, OTHER) as shown:
        study_id = add(drafts)
        assert shown.phenotypes(limit=5).studies == []
        assert len(documents_of(shadow, None)) == len(documents_of(shadow, study_id)) == 1
        assert documents_of(plain, None) == []


@pytest.mark.parametrize("address", ["mysql://host/db", "sqlite:///x"])
def test_other_databases_are_refused_by_name(address: str) -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        Settings.model_validate({"store": address})
    assert Settings.model_validate({"store": "x/y.sqlite3"}).store == Path("x/y.sqlite3")
