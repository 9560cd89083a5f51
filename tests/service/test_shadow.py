"""Shadow mode: studies are taken and their drafts kept, and nothing of a draft leaves over HTTP."""

import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.cli.commands import main
from service.errors import StoreUnavailable, UnknownStudy
from service.study.shadow_drafts import drafts_in
from tests.service.conftest import Serve, wait_until

FILES = [("files", ("a", b"first")), ("files", ("b", b"second"))]


def accepted(client: TestClient, **options: str) -> str:
    response = client.post("/report", files=FILES, **options)  # type: ignore[arg-type]  # given by name
    assert response.status_code == 202
    assert response.json() == {"study_id": response.json()["study_id"], "status": "shadow"}
    assert "location" not in response.headers
    return str(response.json()["study_id"])


def shadow_file(client: TestClient) -> Path:
    path: Path = client.app.state.service.settings.results_place  # type: ignore[attr-defined]  # ours
    return path


def stored(path: Path) -> int:
    return len(list(drafts_in(path)))


def test_a_draft_is_stored_and_nobody_sees_it(serve: Serve) -> None:
    with serve(shadow=True) as client:
        study_id = accepted(client)
        wait_until(lambda: stored(shadow_file(client)) == 1)
        addresses = (f"/report/{study_id}", f"/report/{study_id}/events", "/phenotypes", f"/phenotypes/{study_id}")
        for address in (*addresses, "/report/unknown"):
            refused = client.get(address)
            assert (refused.status_code, refused.json()["code"]) == (403, "shadow_mode")
            assert "A body." not in refused.text
        assert client.get("/readyz").status_code == 200
        draft = next(drafts_in(shadow_file(client), study_id))
        assert (draft.study_id, draft.sections[0].text) == (study_id, "A body.")


def test_an_ended_shadow_shows_none_of_its_drafts(serve: Serve) -> None:
    with serve(shadow=True) as client:
        study_id = accepted(client)
        wait_until(lambda: stored(shadow_file(client)) == 1)
    with serve() as client:
        assert client.get(f"/report/{study_id}").status_code == 404
        assert client.get("/phenotypes").json()["studies"] == []
        assert client.post("/report", files=FILES).status_code == 200


def test_the_command_reads_drafts_beside_the_running_service(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(shadow=True) as client:
        study_id = accepted(client)
        wait_until(lambda: stored(shadow_file(client)) == 1)
        # Types: ours.
        monkeypatch.setenv("ECHOSCRIBE_STORE", str(client.app.state.service.settings.store))  # type: ignore[attr-defined]  # the test client types `app` loosely
        monkeypatch.setattr(sys, "argv", ["echoscribe", "drafts", study_id])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    assert "A body." in capsys.readouterr().out


def test_what_is_not_there_is_named(tmp_path: Path, serve: Serve) -> None:
    with pytest.raises(StoreUnavailable, match="no drafts were stored there"):
        list(drafts_in(tmp_path / "none.sqlite3"))
    (tmp_path / "text").write_text("no database, but long enough to be looked at by the library")
    with pytest.raises(StoreUnavailable, match="cannot be read as a results file"):
        list(drafts_in(tmp_path / "text"))
    with serve(shadow=True) as client, pytest.raises(UnknownStudy):
        list(drafts_in(shadow_file(client), "unknown"))
