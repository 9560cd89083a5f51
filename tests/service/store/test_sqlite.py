"""The SQLite file: who may read it, who may open it, what is left of what was erased, and files of before."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from service.errors import StoreInUse, StoreUnavailable
from service.problem import Problem
from service.store.results import ResultStore
from tests.service.store.rows import add, document

ROOT = Path(__file__).parents[3]
# As the programs before migrations made it (PRAGMA user_version 1).
FORMER = """
CREATE TABLE studies (study_id VARCHAR(36) NOT NULL, created VARCHAR(32) NOT NULL, document TEXT, phenotypes TEXT,
    problem TEXT, key_digest VARCHAR(64), payload_digest VARCHAR(64), PRIMARY KEY (study_id), UNIQUE (key_digest));
CREATE INDEX ix_studies_created ON studies (created);
CREATE TABLE secret (key_secret VARCHAR(64) NOT NULL);
PRAGMA user_version=1;
"""
_HOLD = """
import sys
from pathlib import Path
from service.errors import StoreInUse
from service.store.results import ResultStore
sys.stdin.readline()
try:
    with ResultStore(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.readline()
except StoreInUse:
    print("refused", flush=True)
"""


def test_a_store_of_before_opens_with_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    kept = document("answered")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(FORMER)
        insert = "INSERT INTO studies (study_id, created, document, phenotypes) VALUES (?, ?, ?, ?)"
        phenotypes = kept.model_dump_json(include={"phenotypes"})[len('{"phenotypes":') : -1]
        created = "2026-01-01T00:00:00.000000+00:00"
        connection.execute(insert, ("answered", created, kept.model_dump_json(), phenotypes))
        connection.execute(insert, ("damaged", created, "{", "{"))
        connection.execute("INSERT INTO studies (study_id, created) VALUES ('open', ?)", (created,))
        connection.execute("INSERT INTO secret VALUES (?)", ("ab" * 32,))
    path.chmod(0o644)
    for _ in range(2):
        with ResultStore(path) as store:
            assert store.find("answered") == kept
            page = store.phenotypes(limit=5)
            assert [(study.study_id, study.bank) for study in page.studies] == [("answered", "small")]
            assert [each.study_id for each in page.left_out] == ["damaged"]
            problem = store.find("open")
            assert isinstance(problem, Problem)
            assert (problem.code, problem.status) == ("interrupted", 410)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_migration_that_is_killed_is_made_again_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FORMER)

    def killed(*_: object) -> None:
        raise StoreUnavailable("killed here")

    with monkeypatch.context() as broken:
        broken.setattr("service.store.results._own_secret", killed)
        with pytest.raises(StoreUnavailable, match="killed here"):
            ResultStore(path)
    with ResultStore(path) as store:
        add(store)


def test_nobody_else_can_read_it_from_the_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    make = os.open

    def watched(path: str, flags: int, mode: int = 0o777, **given: int) -> int:
        descriptor = make(path, flags, mode, **given)
        if str(path).endswith(".sqlite3"):
            seen.add(os.fstat(descriptor).st_mode & 0o777)
        return descriptor

    before = os.umask(0)
    try:
        monkeypatch.setattr("service.store.held_inode.os.open", watched)
        path = tmp_path / "new" / "s.sqlite3"
        with ResultStore(path) as store:
            add(store)
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert seen == {0o600}
    assert set(modes) == {"s.sqlite3", "s.sqlite3-wal", "s.sqlite3-shm"}
    assert set(modes.values()) == {0o600}
    assert path.parent.stat().st_mode & 0o077 == 0


def test_nothing_of_an_erased_study_is_left_in_the_files(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    marker = "ECHO-MARKER-OF-ONE-STUDY"
    with ResultStore(path) as store:
        add(store, 1)
        study_id = store.accept("to-be-erased-0001")
        text = document(study_id)
        store.complete(text.model_copy(update={"draft_notice": marker * 2000}))
        assert any(marker.encode() in file.read_bytes() for file in tmp_path.iterdir())
        store.erase(study_id)
        for file in tmp_path.iterdir():
            assert marker.encode() not in file.read_bytes(), file.name
            assert study_id.encode() not in file.read_bytes(), file.name


def test_remains_that_a_reader_keeps_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.store.sqlite._CHECKPOINT_PAUSE_SECONDS", 0.0)
    path = tmp_path / "s.sqlite3"
    with ResultStore(path) as store, closing(sqlite3.connect(path)) as reader:
        study_id = add(store)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM studies").fetchall()
        monkeypatch.setattr("service.store.sqlite._CHECKPOINT_TRIES", 1)
        with pytest.raises(StoreUnavailable):
            store.erase(study_id)


def test_a_second_holder_is_refused_by_whatever_name(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    (tmp_path / "link.sqlite3").symlink_to(path)
    (tmp_path / "folder").symlink_to(tmp_path)
    with ResultStore(path):
        os.link(path, tmp_path / "hard.sqlite3")
        for name in ("s.sqlite3", "link.sqlite3", "hard.sqlite3", "folder/s.sqlite3"):
            with pytest.raises(StoreInUse, match="ECHOSCRIBE_STORE"):
                ResultStore(tmp_path / name)
        (tmp_path / "s.sqlite3.lock").unlink(missing_ok=True)  # what held it before could be taken away
        with pytest.raises(StoreInUse):
            ResultStore(path)
    with ResultStore(tmp_path / "link.sqlite3"):
        pass


def test_of_processes_that_start_in_lockstep_one_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _HOLD, str(path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(4)
    ]
    try:
        for _ in range(2):  # all at once: each waits for its line
            for process in processes:
                assert process.stdin
                with suppress(BrokenPipeError):  # who was refused may be gone already
                    process.stdin.write("\n")
                    process.stdin.flush()
            if _ == 0:
                said = [process.stdout.readline().strip() for process in processes if process.stdout]
    finally:
        for process in processes:
            process.communicate(timeout=30)
    assert sorted(said) == ["held", "refused", "refused", "refused"]


def test_newer_schemas_and_no_database_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    with ResultStore(path):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match="9999"):
        ResultStore(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(StoreUnavailable, match="99"):
        ResultStore(path)
    (tmp_path / "text.sqlite3").write_text("no database at all" * 100)
    with pytest.raises(StoreUnavailable):
        ResultStore(tmp_path / "text.sqlite3")
    with pytest.raises(StoreUnavailable):
        ResultStore(path / "below" / "a" / "file.sqlite3")
