"""`echoscribe feedback`: the last signed version of each study, as `validate` reads it and beside its draft."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from model.echo.phrases.reader import PhraseReader, english
from model.echo.taxonomy import ECHO_TAXONOMY
from service.cli.feedback import write_signed
from service.client import EchoScribeClient
from service.editing.applying import feedback_of
from service.editing.edition import Edition
from service.http import examples
from service.schemas import ReportDocument
from service.site.validation.signed_reports import read_signed_reports
from tests.service.cli.command_line import run
from tests.service.conftest import Serve

FILES = [("files", ("a", b"clip"))]


def through(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the command talk to this service."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = client.request(request.method, request.url.raw_path.decode(), content=request.read())
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr("service.cli.feedback.EchoScribeClient", lambda url: EchoScribeClient(url, transport=transport))


def signed_study(client: TestClient, text: str) -> str:
    draft = client.post("/report", files=FILES).json()
    study, name = draft["study_id"], draft["sections"][0]["name"]
    client.patch(f"/report/{study}", json={"version": 0, "sections": {name: text}})
    client.post(f"/report/{study}/signature", json={"version": 1, "signed_by": "Dr. A"})
    return str(study)


def test_the_last_signed_version_of_each_study_is_written(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(feedback=True) as client:
        amended, other = signed_study(client, "One."), signed_study(client, "Two.")
        client.post(f"/report/{amended}/amendment", json={"version": 2, "reason": "More."})
        name = client.get(f"/report/{amended}").json()["sections"][0]["name"]
        client.patch(f"/report/{amended}", json={"version": 3, "sections": {name: "Three."}})
        client.post(f"/report/{amended}/signature", json={"version": 4, "signed_by": "Dr. B"})
        through(client, monkeypatch)
        assert run(monkeypatch, "feedback", "--url", "http://localhost", "--out", tmp_path / "out") == 0
    assert json.loads(capsys.readouterr().out) == {"signed": 2, "changed": 2}
    rows = [json.loads(line) for line in (tmp_path / "out" / "feedback.jsonl").read_text().splitlines()]
    assert {row["study_id"]: row["final"][name] for row in rows} == {amended: "Three.", other: "Two."}
    header, *table = (tmp_path / "out" / "signed.csv").read_text().splitlines()
    assert header.startswith(f"study,patient,{name}")
    assert sorted(line.split(",")[2] for line in table) == ["Three.", "Two."]


def test_a_service_that_gives_nothing_out_and_a_folder_that_is_there_are_told_in_one_line(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve() as client:
        through(client, monkeypatch)
        assert run(monkeypatch, "feedback", "--url", "http://localhost", "--out", tmp_path / "out") == 2
        assert "feedback_off" in capsys.readouterr().err
        assert run(monkeypatch, "feedback", "--url", "http://localhost", "--out", tmp_path) == 2
        assert str(tmp_path) in capsys.readouterr().err


def test_validate_reads_the_table(tmp_path: Path) -> None:
    path = tmp_path / "signed.csv"
    row = feedback_of(
        ReportDocument.model_validate(examples.REPORT),
        Edition(1, "final", datetime.now(UTC), sections={"Left Ventricle": "The ejection fraction is 55 %."}),
    )
    write_signed(path, [row])
    found = read_signed_reports(path, ECHO_TAXONOMY, PhraseReader(english()))
    assert found.refused == ()
    assert {name: report.content.labels["ejection_fraction"] for name, report in found.reports.items()} == {
        row.study_id: 55.0
    }
