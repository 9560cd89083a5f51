"""The audit log: only ever added to, each line after the one before, and no word of a client in it."""

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from service.access.audit import AuditLog, broken_links, is_cut_at_its_end
from service.errors import AuditUnavailable

STUDY = "3f0c9a52-6f7e-4c43-9a53-0b6c1d1f6c11"


def note(path: Path, count: int) -> None:
    log = AuditLog(path)
    for _ in range(count):
        log.note("GET /report/{study_id}", key_id="0a1b2c3d", tenant="lab", studies=[STUDY, "JANE^DOE"], status=200)


def test_a_line_says_who_did_what_and_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    note(path, 1)
    line = json.loads(path.read_text())
    assert line["studies"] == [STUDY]
    assert (line["key"], line["tenant"], line["action"], line["status"]) == (
        "0a1b2c3d", "lab", "GET /report/{study_id}", 200,
    )  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "JANE" not in path.read_text()


def test_a_line_that_is_changed_removed_or_put_between_is_found(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    note(path, 5)
    whole = path.read_bytes()
    assert list(broken_links(path)) == []
    lines = whole.splitlines(keepends=True)
    for changed, found in (
        (whole.replace(b'"lab"', b'"own"', 1), [2]),
        (b"".join(lines[:1] + lines[2:]), [2]),
        (b"".join([*lines[:2], lines[1], *lines[2:]]), [3]),
        (b"".join(lines[1:]), [1]),
    ):
        path.write_bytes(changed)
        assert list(broken_links(path)) == found


def test_a_line_that_was_cut_off_stays_and_the_next_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    note(path, 2)
    path.write_bytes(path.read_bytes()[:-30])
    note(path, 2)
    assert len(path.read_text().splitlines()) == 4
    assert list(broken_links(path)) == [2, 3]  # the cut line, and the one that found its noted end missing


def test_several_processes_add_to_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    code = f"from tests.service.access.test_audit import note; from pathlib import Path; note(Path({str(path)!r}), 50)"
    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3]) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    assert len(path.read_text().splitlines()) == 100
    assert list(broken_links(path)) == []


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AuditUnavailable):
        note(tmp_path / "nowhere" / "audit.jsonl", 1)
    (tmp_path / "elsewhere").touch()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditUnavailable):
        note(tmp_path / "link", 1)


def test_a_log_that_is_cut_at_its_end_or_emptied_is_found(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    note(path, 5)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert not is_cut_at_its_end(path)
    for cut in (b"".join(lines[:4]), whole[:-9], b""):
        path.write_bytes(cut)
        assert is_cut_at_its_end(path)
    path.write_bytes(b"".join(lines[:4]))
    note(path, 2)  # later lines do not hide it
    assert list(broken_links(path)) == [5]


def test_a_line_that_a_killed_process_wrote_and_did_not_note_is_no_cut(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    note(path, 2)
    end = path.with_name("audit.jsonl.end")
    noted = end.read_text()
    note(path, 1)
    end.write_text(noted)
    assert not is_cut_at_its_end(path)
    note(path, 1)
    assert list(broken_links(path)) == []


def test_a_new_file_names_the_last_line_of_the_one_that_was_moved_away(tmp_path: Path) -> None:
    path, old = tmp_path / "audit.jsonl", tmp_path / "audit.1.jsonl"
    note(path, 3)
    path.rename(old)
    note(path, 2)
    last = old.read_bytes().splitlines()[-1]
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["continues"] == hashlib.sha256(last).hexdigest()
    assert "continues" not in second
    assert (list(broken_links(path)), is_cut_at_its_end(path)) == ([], False)


def test_a_line_is_on_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    note(tmp_path / "audit.jsonl", 2)
    assert len(synced) == 2
    assert synced[1] == (tmp_path / "audit.jsonl").stat().st_size
