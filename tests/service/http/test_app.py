"""The app as a whole: its OpenAPI document, two apps in one process, metrics, and no identity anywhere."""

import io
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydicom import dcmread
from pydicom.data import get_testdata_file

from service.http import examples
from service.http.app import create_app
from service.modalities.echo.files import open_study
from service.problem import Problem
from service.schemas import ProcessingDocument, ReportDocument, StudyPhenotypes
from service.study.runner import Workings
from tests.service.conftest import MakeSettings, Serve, wait_until
from tests.service.invented import InventedPipeline, invented_clip, invented_workings

FILES = [("files", ("a", b"clip"))]


def test_examples_are_what_the_schemas_say() -> None:
    assert ReportDocument.model_validate(examples.REPORT).study_id == examples.STUDY_ID
    ProcessingDocument.model_validate(examples.PROCESSING)
    Problem.model_validate(examples.PROBLEM)
    phenotypes = {"study_id": "x", "created": examples.REPORT["created"], "phenotypes": examples.PHENOTYPES}
    StudyPhenotypes.model_validate(phenotypes)


def test_openapi_documents_the_form_the_answers_and_the_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    post = document["paths"]["/report"]["post"]
    form = post["requestBody"]["content"]["multipart/form-data"]
    assert set(form["schema"]["properties"]) >= {"files", "mode", "k", "lang"}
    assert {"200", "202", "409", "413", "415", "422", "429", "503"} <= set(post["responses"])
    assert "application/problem+json" in post["responses"]["429"]["content"]
    assert post["responses"]["200"]["content"]["application/json"]["example"]["sections"]
    assert "text/plain" in post["responses"]["200"]["content"]
    events = document["paths"]["/report/{study_id}/events"]["get"]["responses"]["200"]
    assert "text/event-stream" in events["content"]
    assert client.get("/docs").status_code == 200


def test_two_apps_in_one_process_share_nothing(make_settings: MakeSettings, tmp_path: Path) -> None:
    first = create_app(make_settings(), invented_workings(InventedPipeline()))
    second = create_app(
        make_settings(store=tmp_path / "2.sqlite3", upload_folder=tmp_path / "2"), invented_workings(InventedPipeline())
    )
    with TestClient(first, base_url="http://localhost") as one, TestClient(second, base_url="http://localhost") as two:
        wait_until(lambda: one.get("/readyz").status_code == two.get("/readyz").status_code == 200)
        study_id = one.post("/report", files=FILES).json()["study_id"]
        assert one.get(f"/report/{study_id}").status_code == 200
        assert two.get(f"/report/{study_id}").status_code == 404
        assert two.get("/phenotypes").json() == {"studies": [], "next": None, "left_out": []}
        assert 'echoscribe_studies_total{outcome="complete"} 1.0' in one.get("/metrics").text
        assert "echoscribe_studies_total{" not in two.get("/metrics").text


def test_it_is_alive_while_it_loads_and_ready_after_one_study(serve: Serve, pipeline: InventedPipeline) -> None:
    pipeline.gate.clear()
    with serve(ready=False) as client:
        assert client.get("/livez").text == "alive\n"
        loading = client.get("/readyz")
        assert (loading.status_code, loading.json()["phase"]) == (503, "loading")
        refused = client.post("/report", files=FILES)
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert refused.headers["retry-after"]
        assert client.get("/info").json()["modes"] == []
        assert "echoscribe_ready 0.0" in client.get("/metrics").text
        pipeline.gate.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert pipeline.runs == 1
        info = client.get("/info").json()
        assert info["modes"] == ["retrieval"]
        assert info["licence_notice"] == "MIT"
        assert info["limits"]["queue_size"] == 8


def test_head_is_get_without_the_body(client: TestClient, pipeline: InventedPipeline) -> None:
    study_id = client.post("/report", files=FILES).json()["study_id"]
    for path in ("/livez", "/readyz", "/info", f"/report/{study_id}", "/phenotypes", "/phenotypes/nobody"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert head.headers["content-type"] == get.headers["content-type"]
    refused = client.head("/report")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert 'method="HEAD",route="/readyz",status="200"' in client.get("/metrics").text


def test_results_survive_a_restart(serve: Serve) -> None:
    with serve() as client:
        posted = client.post("/report", files=FILES).json()
        listed = client.get("/phenotypes").json()
    with serve() as client:
        assert client.get(f"/report/{posted['study_id']}").json() == posted
        assert client.get("/phenotypes").json() == listed
        assert listed["studies"][0]["phenotypes"] == posted["phenotypes"]


def test_phenotypes_come_in_pages_newest_first(client: TestClient) -> None:
    posted = [client.post("/report", files=FILES).json()["study_id"] for _ in range(3)]
    first = client.get("/phenotypes?limit=2").json()
    assert [study["study_id"] for study in first["studies"]] == posted[:0:-1]
    second = client.get("/phenotypes", params={"limit": 2, "after": first["next"]}).json()
    assert [study["study_id"] for study in second["studies"]] == posted[:1]
    assert second["next"] is None
    for query, status, field in (
        ("limit=0", 422, "limit"),
        ("limit=101", 422, "limit"),
        ("after=nobody", 404, "after"),
    ):
        problem = client.get(f"/phenotypes?{query}")
        assert (problem.status_code, problem.json()["field"]) == (status, field)


def test_metrics_count_requests_stages_clips_and_rejections(client: TestClient) -> None:
    client.post("/report", files=[*FILES, ("files", ("b", b"still"))])
    client.post("/report", files=FILES, data={"k": "0"})
    client.get("/nowhere")
    text = client.get("/metrics").text
    for sample in (
        'echoscribe_requests_total{method="POST",route="/report",status="200"} 1.0',
        'echoscribe_requests_total{method="any",route="unmatched",status="404"} 1.0',
        'echoscribe_clips_total{outcome="used",reason=""} 1.0',
        'echoscribe_clips_total{outcome="skipped",reason="still_image"} 1.0',
        'echoscribe_rejections_total{reason="invalid_neighbours"} 1.0',
        'echoscribe_stage_seconds_count{stage="write"} 1.0',
        "echoscribe_study_seconds_count 1.0",
        "echoscribe_queue_seconds_count 1.0",
        "echoscribe_queue_length 0.0",
        "echoscribe_ready 1.0",
    ):
        assert sample in text, sample


def test_nothing_that_identifies_a_patient_gets_out(
    make_settings: MakeSettings, log: io.StringIO, tmp_path: Path
) -> None:
    pipeline = InventedPipeline()
    workings = Workings(load=lambda _: pipeline, open_study=open_study, warm_up=lambda: [invented_clip()])
    identities = ("MARIA^MUSTER", "MRN-4711", "1.2.826.0.1.3680043.8.498.4711", "19340102")
    dataset = dcmread(str(get_testdata_file("examples_ybr_color.dcm", download=False)))
    dataset.PatientName, dataset.PatientID, dataset.StudyInstanceUID, dataset.PatientBirthDate = identities
    content = io.BytesIO()
    dataset.save_as(content)
    with TestClient(create_app(make_settings(), workings), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        pipeline.gate.clear()
        headers = {"X-Request-ID": "MRN-4711", "Idempotency-Key": "MRN-4711", "Prefer": "respond-async"}
        files = [("files", ("MARIA^MUSTER.dcm", content.getvalue())), ("files", ("MRN-4711", b"MARIA^MUSTER"))]
        accepted = client.post("/report", files=files, headers=headers)
        names = [str(path) for path in tmp_path.rglob("*")]
        pipeline.gate.set()
        where = accepted.json()["report"]
        wait_until(lambda: client.get(where).status_code == 200)
        answers = [accepted, *(client.get(f"{path}") for path in (where, where + "/events", "/phenotypes", "/metrics"))]
        answers += [client.get("/report/MRN-4711"), client.get("/MRN-4711"), client.post("/report?x=1", files=files)]
        said = "".join(answer.text + str(answer.headers) for answer in answers)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "store").iterdir())
    assert json.loads(log.getvalue().splitlines()[0])
    for identity in identities:
        assert identity not in said
        assert identity not in log.getvalue()
        assert identity not in "".join(names)
        assert identity.encode() not in kept


def test_a_fault_of_a_handler_is_a_problem_without_details(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("MARIA^MUSTER")

    monkeypatch.setattr("service.store.results.ResultStore.phenotypes", fail)
    problem = client.get("/phenotypes")
    assert (problem.status_code, problem.json()["code"]) == (500, "internal_server_error")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["request_id"] == problem.headers["x-request-id"]
    assert "MARIA" not in problem.text + log.getvalue()
    assert "RuntimeError" in log.getvalue()


def test_a_uuid_of_the_client_is_kept_as_request_id(client: TestClient) -> None:
    given = "11111111-2222-4333-8444-555555555555"
    assert client.get("/livez", headers={"X-Request-ID": given}).headers["x-request-id"] == given
    assert client.get("/livez", headers={"X-Request-ID": "patient 5"}).headers["x-request-id"] != "patient 5"
