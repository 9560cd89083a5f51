"""A start that fails says so in one line with the file, the cause and the setting; no traceback, exit status 1."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.store.results import ResultStore
from tests.toy_modality import write_toy

SERVE = "from service.http.serve import serve; from service.settings import Settings; serve(Settings())"


def start(folder: Path, **settings: str) -> tuple[int, str, list[str]]:
    """Exit status, the whole log, and the messages of errors."""
    environment = os.environ | {
        "ECHOSCRIBE_STORE": str(folder / "s.sqlite3"),
        "ECHOSCRIBE_UPLOAD_FOLDER": str(folder / "uploads"),
        "ECHOSCRIBE_PORT": "0",
        **settings,
    }
    command = [sys.executable, "-c", SERVE]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    said = [str(event.get("message")) for event in events if event["event"] in {"start_failed", "loading_failed"}]
    return ended.returncode, ended.stderr, said


def damaged_store(folder: Path) -> dict[str, str]:
    (folder / "s.sqlite3").write_bytes(b"no database " * 1000)
    return {}


def missing_bundle(folder: Path) -> dict[str, str]:
    return {"ECHOSCRIBE_BUNDLE": str(folder / "nothing")}


def cut_bundle(folder: Path) -> dict[str, str]:
    bundle = write_toy(folder / "toy").bundle
    (bundle / "weights.safetensors").write_bytes(b"")
    return {"ECHOSCRIBE_BUNDLE": str(bundle), "ECHOSCRIBE_BANK": str(folder / "toy" / "bank")}


def uploads_in_a_file(folder: Path) -> dict[str, str]:
    (folder / "file").touch()
    return {"ECHOSCRIBE_UPLOAD_FOLDER": str(folder / "file" / "uploads")}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damaged_store, "s.sqlite3: it is damaged or no database; restore it from a backup"),
        (missing_bundle, "nothing/bundle.json: cannot be read as a bundle manifest"),
        (cut_bundle, "bundle/weights.safetensors: sha256 is"),
        (uploads_in_a_file, "file/uploads: a part of its path is no folder (ECHOSCRIBE_UPLOAD_FOLDER)"),
    ],
)
def test_the_file_and_the_cause_are_named(spoil: Callable[[Path], dict[str, str]], said: str, tmp_path: Path) -> None:
    status, log, messages = start(tmp_path, **spoil(tmp_path))
    assert status == 1
    assert len(messages) == 1, log
    assert said in messages[0]
    assert "Traceback" not in log
    assert "frames" not in log


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, log, messages = start(tmp_path, ECHOSCRIBE_PORT=str(port))
    assert status == 1
    expected = f"address 127.0.0.1, port {port}: another process listens there (ECHOSCRIBE_HOST, ECHOSCRIBE_PORT)"
    assert messages == [expected], log
    assert "Traceback" not in log


def test_a_store_in_use(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "s.sqlite3"):
        status, log, messages = start(tmp_path)
    assert status == 1
    assert len(messages) == 1, log
    assert "another process holds it" in messages[0]
    assert "Traceback" not in log
