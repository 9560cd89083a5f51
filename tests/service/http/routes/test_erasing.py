"""DELETE /report/{study_id}: an answered, a running, a waiting and an unknown study; and rows that cannot be read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import uploads_left, wait_until
from tests.service.http.routes.test_reports import FILES, app_of
from tests.service.invented import InventedPipeline

ASYNC = {"Prefer": "respond-async"}


def store_file(client: TestClient) -> Path:
    path: Path = app_of(client).state.service.settings.store
    return path


def test_an_answered_study_leaves_nothing(client: TestClient) -> None:
    kept, study_id = (client.post("/report", files=FILES).json()["study_id"] for _ in range(2))
    erased = client.delete(f"/report/{study_id}")
    assert (erased.status_code, erased.content) == (204, b"")
    for address in (f"/report/{study_id}", f"/phenotypes/{study_id}", f"/report/{study_id}/events"):
        assert client.get(address).status_code == 404
    assert client.delete(f"/report/{study_id}").status_code == 404
    assert [study["study_id"] for study in client.get("/phenotypes").json()["studies"]] == [kept]
    for file in store_file(client).parent.glob("results*"):  # the audit log says who deleted it
        assert study_id.encode() not in file.read_bytes()


def test_studies_that_are_worked_on_are_given_up_first(client: TestClient, pipeline: InventedPipeline) -> None:
    pipeline.gate.clear()
    running, waiting = (client.post("/report", files=FILES, headers=ASYNC).json()["study_id"] for _ in range(2))
    for study_id in (waiting, running):
        assert client.delete(f"/report/{study_id}").status_code == 204
        assert client.get(f"/report/{study_id}").status_code == 404
    pipeline.gate.set()
    wait_until(lambda: app_of(client).state.service.worker.in_flight == 0)
    assert uploads_left(app_of(client)) == []
    assert client.get("/phenotypes").json()["studies"] == []


def test_a_key_of_an_erased_study_is_free(client: TestClient) -> None:
    key = {"Idempotency-Key": "once"}
    first = client.post("/report", files=FILES, headers=key).json()["study_id"]
    assert client.delete(f"/report/{first}").status_code == 204
    assert client.post("/report", files=FILES, headers=key).json()["study_id"] != first


@pytest.mark.parametrize("change", ["document = '{', phenotypes = '{'", "version = 99"])
def test_a_row_that_cannot_be_read_is_no_500(client: TestClient, change: str) -> None:
    good, bad = (client.post("/report", files=FILES).json()["study_id"] for _ in range(2))
    with closing(sqlite3.connect(store_file(client))) as connection, connection:
        connection.execute(f"UPDATE studies SET {change} WHERE study_id = ?", (bad,))
    page = client.get("/phenotypes")
    assert page.status_code == 200
    assert [study["study_id"] for study in page.json()["studies"]] == [good]
    assert [each["study_id"] for each in page.json()["left_out"]] == [bad]
    assert good in client.get("/phenotypes", headers={"Accept": "text/csv"}).text
    for address in (f"/report/{bad}", f"/phenotypes/{bad}", f"/report/{bad}/contours", f"/report/{bad}/events"):
        refused = client.get(address)
        assert (refused.status_code, refused.json()["code"]) == (410, "answer_unreadable"), address
    assert client.delete(f"/report/{bad}").status_code == 204


def test_lists_carry_the_versions_of_bundle_and_bank(client: TestClient, pipeline: InventedPipeline) -> None:
    stated = {"bundle": "b", "bundle_sha256": "1" * 64, "bank": "k", "bank_sha256": "2" * 64}
    pipeline.provenance |= stated
    study_id = client.post("/report", files=FILES).json()["study_id"]
    (listed,) = client.get("/phenotypes").json()["studies"]
    assert {name: listed[name] for name in stated} == stated
    assert {name: client.get(f"/phenotypes/{study_id}").json()[name] for name in stated} == stated
    header, row = client.get("/phenotypes", headers={"Accept": "text/csv"}).text.splitlines()
    assert header.split(",")[-4:] == list(stated)
    assert row.split(",")[-4:] == list(stated.values())
