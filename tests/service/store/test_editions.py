"""The contract of versions, in both places: added once each, read in order, gone with their study."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.editing.edition import Edition
from service.editing_errors import VersionConflict
from service.errors import AnswerUnreadable, UnknownStudy
from service.settings import PostgresPlace
from service.store.results import ResultStore
from tests.service.store.rows import add, run_sql

Place = Path | PostgresPlace
WHEN = datetime(2026, 11, 30, 12, tzinfo=UTC)


def version(number: int, minutes: int = 0) -> Edition:
    return Edition(
        number,
        "final",
        WHEN + timedelta(minutes=minutes),
        key="0a1b2c3d",
        signed_by="Dr. Ä",
        amends=None,
        reason=None,
        sections={"Size": "Ünusual."},
        impression=("One.", "Two."),
    )


def test_versions_survive_a_restart_in_their_order(place: Place) -> None:
    with ResultStore(place) as store:
        study = add(store)
        assert store.editions.newest(study) is None
        for number in (1, 2, 3):
            store.editions.add(study, version(number, minutes=-number))
    with ResultStore(place) as store:
        assert store.editions.of(study) == [version(number, minutes=-number) for number in (1, 2, 3)]
        assert store.editions.newest(study) == version(3, minutes=-3)


def test_of_two_that_are_written_at_once_one_is_refused(place: Place) -> None:
    with ResultStore(place) as store:
        study = add(store)

        def write(_: int) -> bool:
            try:
                store.editions.add(study, version(1))
            except VersionConflict:
                return False
            return True

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(write, range(4))) == [False, False, False, True]
        assert len(store.editions.of(study)) == 1
        store.editions.add(study, version(2))  # the store goes on after a conflict


def test_versions_go_with_their_study_and_need_one(place: Place) -> None:
    with ResultStore(place) as store:
        kept, erased = add(store, minutes=60 * 24 * 400), add(store)
        for study in (kept, erased):
            store.editions.add(study, version(1))
        store.erase_before(datetime(2026, 2, 1, tzinfo=UTC))
        assert store.editions.of(erased) == []
        assert store.editions.of(kept) == [version(1)]
        store.erase(kept)
        assert store.editions.of(kept) == []
        with pytest.raises(UnknownStudy):
            store.editions.add(kept, version(1))


def test_signed_versions_of_a_tenant_are_listed_newest_first(place: Place) -> None:
    with ResultStore(place) as store:
        studies = [add(store) for _ in range(3)]
        for minutes, study in enumerate(studies):
            store.editions.add(study, version(1, minutes))
        store.accept("4", tenant="b")
        store.editions.add("4", version(1, 9))
        found = store.editions.signed(limit=2)
        assert [study for study, _ in found] == [studies[2], studies[1]]
        last = found[-1]
        after = (last[1].created.isoformat(timespec="microseconds"), last[0])
        assert [study for study, _ in store.editions.signed(limit=2, after=after)] == [studies[0]]
        assert [study for study, _ in store.editions.signed(limit=2, tenant="b")] == ["4"]


@pytest.mark.parametrize("damage", ["{", '{"sections": 1, "impression": null}', "null"])
def test_a_damaged_version_is_named(place: Place, damage: str) -> None:
    with ResultStore(place) as store:
        study = add(store)
        store.editions.add(study, version(1))
    run_sql(place, "UPDATE editions SET changes = ?", damage)
    with ResultStore(place) as store, pytest.raises(AnswerUnreadable, match="version 1"):
        store.editions.newest(study)


def test_nothing_of_an_erased_version_is_left_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    with ResultStore(path) as store:
        study = add(store)
        store.editions.add(study, version(1))
        store.erase(study)
    assert b"nusual." not in path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM editions").fetchone() == (0,)
