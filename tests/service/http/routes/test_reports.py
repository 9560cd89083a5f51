"""POST /report, GET /report/{study_id} and its events, through the whole app."""

import json
import threading
import uuid

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.documents.traced import ContourDocument
from service.schemas import ReportDocument
from tests.service.conftest import Serve, uploads_left, wait_until
from tests.service.invented import InventedPipeline, invented_retriever

FILES = [("files", ("PATIENT^NAME.dcm", b"clip one")), ("files", ("b.mp4", b"still"))]


def app_of(client: TestClient) -> FastAPI:
    app = client.app
    assert isinstance(app, FastAPI)
    return app


def test_a_study_becomes_a_report_that_can_be_fetched_again(client: TestClient) -> None:
    posted = client.post("/report", files=FILES)
    assert posted.status_code == 200
    document = ReportDocument.model_validate_json(posted.content)
    assert uuid.UUID(document.study_id).version == 4
    assert [clip.used for clip in document.clips] == [True, False]
    fetched = client.get(f"/report/{document.study_id}")
    assert fetched.json() == posted.json()
    assert client.get(f"/phenotypes/{document.study_id}").json()["phenotypes"] == posted.json()["phenotypes"]
    assert uploads_left(app_of(client)) == []


def test_outlines_are_kept_and_asked_for_on_their_own(client: TestClient) -> None:
    posted = client.post("/report", files=FILES)
    assert "contours" not in posted.json()
    answer = client.get(f"/report/{posted.json()['study_id']}/contours")
    assert answer.status_code == 200
    document = ContourDocument.model_validate_json(answer.content)
    assert document.study_id == posted.json()["study_id"]
    assert [(one.structure, one.points) for one in document.contours] == [("edge", [(1.5, 2.0), (3.0, 4.0)])]
    assert client.get(f"/report/{uuid.uuid4()}/contours").status_code == 404


def test_the_same_files_twice_give_equal_documents_but_for_id_and_times(client: TestClient) -> None:
    first, second = (client.post("/report", files=FILES).json() for _ in range(2))
    assert first["study_id"] != second["study_id"]
    for document in (first, second):
        for name in ("study_id", "created", "stage_seconds"):
            del document[name]
    assert first == second


def test_text_is_one_of_the_renderings(client: TestClient) -> None:
    answer = client.post("/report", files=FILES, headers={"Accept": "text/plain"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert "A draft." in answer.text
    assert "Nobody was examined." in answer.text


def test_fields_choose_k_and_mode(client: TestClient) -> None:
    document = client.post("/report", files=FILES, data={"k": "7", "mode": "retrieval"}).json()
    assert document["phenotypes"]["size"]["k"] == 7
    assert document["mode"] == "retrieval"


@pytest.mark.parametrize(
    ("data", "status", "code", "field"),
    [
        ({"k": "0"}, 422, "invalid_neighbours", "k"),
        ({"k": "101"}, 422, "invalid_neighbours", "k"),
        ({"k": "-3"}, 422, "invalid_neighbours", "k"),
        ({"k": "ten"}, 422, "invalid_field", "k"),
        ({"k": ""}, 422, "invalid_field", "k"),
        ({"k": "9" * 65}, 422, "invalid_field", "k"),
        ({"k": ["5", "6"]}, 422, "invalid_field", "k"),
        ({"mode": "poetry"}, 422, "invalid_field", "mode"),
        ({"mode": "rag"}, 409, "mode_unavailable", "mode"),
        ({"mode": ["retrieval", "retrieval"]}, 422, "invalid_field", "mode"),
    ],
)
def test_fields_that_cannot_be_used_are_named(
    client: TestClient, data: dict[str, str], status: int, code: str, field: str
) -> None:
    problem = client.post("/report", files=FILES, data=data)
    assert problem.headers["content-type"] == "application/problem+json"
    assert (problem.status_code, problem.json()["code"], problem.json()["field"]) == (status, code, field)
    assert problem.json()["status"] == status
    assert problem.json()["type"].endswith(code)
    assert uploads_left(app_of(client)) == []


def test_in_a_small_bank_all_vote_unless_a_larger_k_is_asked_for(serve: Serve, pipeline: InventedPipeline) -> None:
    pipeline.retriever = invented_retriever(4)
    with serve(neighbours=50) as client:
        assert client.post("/report", files=FILES).json()["phenotypes"]["size"]["k"] == 4
        assert client.post("/report", files=FILES, data={"mode": "retrieval"}).status_code == 200
        refused = client.post("/report", files=FILES, data={"k": "5"})
        assert (refused.status_code, refused.json()["limit"]) == (422, 4)


def test_options_in_the_address_are_refused(client: TestClient) -> None:
    problem = client.post("/report?k=5", files=FILES)
    assert (problem.status_code, problem.json()["code"]) == (422, "invalid_field")
    assert "fields of the form" in problem.json()["detail"]


def test_names_that_are_not_ours_are_not_said_again(client: TestClient) -> None:
    form = client.post("/report", files=[*FILES, ("MARIA_MUSTER", ("c", b"x"))])
    assert (form.status_code, form.json()["code"]) == (422, "invalid_field")
    assert "part 3" in form.json()["detail"]
    addresses = client.post("/report?MARIA_MUSTER=1", files=FILES), client.get("/phenotypes?MARIA_MUSTER=1")
    for refused in (form, *addresses):
        assert refused.status_code == 422
        assert "field" not in refused.json()
        assert "MARIA" not in refused.text + str(refused.headers)


def test_no_files_is_a_problem(client: TestClient) -> None:
    empty_input = b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n--x--\r\n'
    for answer in (
        client.post("/report"),
        client.post("/report", files=[("mode", (None, b"retrieval"))]),
        client.post("/report", content=empty_input, headers={"Content-Type": "multipart/form-data; boundary=x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "empty_study")


def test_too_many_files_are_refused_and_the_limit_is_named(serve: Serve) -> None:
    with serve(max_files=20) as client:
        problem = client.post("/report", files=[("files", (f"{n}", b"x")) for n in range(10_000)])
        assert (problem.status_code, problem.json()["limit"]) == (413, 20)
        assert uploads_left(app_of(client)) == []
        assert client.post("/report", files=FILES).status_code == 200


def test_a_file_or_body_beyond_its_limit_is_refused(serve: Serve) -> None:
    with serve(max_file_bytes=100, max_body_bytes=4000) as client:
        file = client.post("/report", files=[FILES[0], ("files", ("big", b"x" * 101))])
        assert (file.status_code, file.json()["limit"], file.json()["positions"]) == (413, 100, [2])
        body = client.post("/report", files=[("files", (f"{n}", b"x" * 90)) for n in range(50)])
        assert (body.status_code, body.json()["limit"]) == (413, 4000)


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Content-Type": "application/dicom"}, b"DICM", 415),
        ({}, b"anything", 415),
        ({"Content-Type": "multipart/form-data"}, b"--x", 400),
        ({"Content-Type": "multipart/form-data; boundary=" + "x" * 300}, b"--x", 400),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"no boundary at all", 400),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\nheaderless\r\n--x--\r\n", 400),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\ncut',
            400,
        ),
        ({"Content-Type": "multipart/form-data; boundary=x", "Content-Encoding": "gzip"}, b"\x1f\x8b", 415),
    ],
)
def test_bodies_that_are_no_plain_form_are_refused(
    client: TestClient, headers: dict[str, str], content: bytes, status: int
) -> None:
    problem = client.post("/report", content=content, headers=headers)
    assert problem.status_code == status, problem.text
    assert problem.headers["content-type"] == "application/problem+json"
    assert uploads_left(app_of(client)) == []


def test_a_mixed_study_names_positions(client: TestClient) -> None:
    problem = client.post("/report", files=[("files", ("a", b"mixed"))])
    assert problem.status_code == 422
    assert (problem.json()["code"], problem.json()["positions"]) == ("mixed_studies", [1, 2])


def test_an_accept_header_that_nothing_fits_is_refused_before_the_body(client: TestClient) -> None:
    problem = client.post("/report", files=FILES, headers={"Accept": "image/png"})
    assert (problem.status_code, problem.json()["field"]) == (406, "Accept")


def test_unknown_studies_and_routes_are_problems(client: TestClient) -> None:
    for path in ("/report/nobody", "/report/nobody/events", "/phenotypes/nobody", "/nowhere", "/report/"):
        problem = client.get(path)
        assert problem.status_code == 404, path
        assert problem.headers["content-type"] == "application/problem+json"
    problem = client.delete("/report")
    assert problem.status_code == 405
    assert problem.headers["allow"] == "POST"


def test_async_answers_at_once_and_the_report_follows(client: TestClient, pipeline: InventedPipeline) -> None:
    pipeline.gate.clear()
    accepted = client.post("/report", files=FILES, headers={"Prefer": "respond-async, wait=1"})
    assert accepted.status_code == 202
    assert accepted.headers["preference-applied"] == "respond-async"
    where = accepted.headers["location"]
    waiting = client.get(where)
    assert (waiting.status_code, waiting.json()["status"]) == (202, "processing")
    assert waiting.headers["retry-after"] == "1"
    phenotypes = where.replace("/report/", "/phenotypes/")
    waiting = client.get(phenotypes)
    assert (waiting.status_code, waiting.json()["status"]) == (202, "processing")
    assert waiting.headers["location"] == phenotypes
    pipeline.gate.set()
    wait_until(lambda: client.get(where).status_code == 200)
    assert client.get(where).json()["study_id"] == accepted.json()["study_id"]
    assert client.get(phenotypes).json()["study_id"] == accepted.json()["study_id"]


def events_of(client: TestClient, where: str, **headers: str) -> list[tuple[str, dict[str, object]]]:
    text = client.get(f"{where}/events", headers=headers).text
    blocks = [block.split("\n") for block in text.split("\n\n") if "event:" in block]
    fields = [dict(line.split(": ", 1) for line in block if ": " in line) for block in blocks]
    return [(field["event"], json.loads(field["data"])) for field in fields]


def test_events_tell_each_step_and_then_the_end(client: TestClient, pipeline: InventedPipeline) -> None:
    pipeline.gate.clear()
    where = client.post("/report", files=FILES, headers={"Prefer": "respond-async"}).headers["location"]
    threading.Timer(0.3, pipeline.gate.set).start()
    events = events_of(client, where)
    assert events[0] == ("progress", {"stage": "queued", "done": 0, "total": 0})
    assert ("progress", {"stage": "prepare", "done": 2, "total": 2}) in events
    assert events[-1] == ("complete", {"study_id": where.removeprefix("/report/"), "report": where})
    assert [name for name, _ in events[:-1]] == ["progress"] * (len(events) - 1)
    assert events_of(client, where) == [events[-1]]


@pytest.mark.parametrize("given", ["", "-1", "seven", "1" * 10, "9" * 5000])
def test_an_event_id_that_was_never_given_counts_as_none(client: TestClient, given: str) -> None:
    where = f"/report/{client.post('/report', files=FILES).json()['study_id']}"
    assert [name for name, _ in events_of(client, where, **{"Last-Event-ID": given})] == ["complete"]


def test_a_failed_async_study_keeps_its_problem(client: TestClient) -> None:
    accepted = client.post("/report", files=[("files", ("a", b"mixed"))], headers={"Prefer": "respond-async"})
    where = accepted.headers["location"]
    wait_until(lambda: client.get(where).status_code != 202)
    problem = client.get(where)
    assert (problem.status_code, problem.json()["code"]) == (422, "mixed_studies")
    assert problem.json()["study_id"] == accepted.json()["study_id"]
    name, data = events_of(client, where)[-1]
    assert (name, data["code"]) == ("problem", "mixed_studies")
