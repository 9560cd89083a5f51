"""Every format of a report over HTTP: by name and by Accept, under the right headers, documented, and refused truly."""

import io

import pydicom
import pytest
from fastapi.testclient import TestClient

from service.http.safe_headers import PAGE_POLICY
from service.renderings.html_page import POLICY
from service.renderings.negotiation import FORMATS, RENDERINGS, Rendering
from tests.service.renderings.told_reports import BEGINS

FILES = [("files", ("PATIENT^NAME.dcm", b"clip one")), ("files", ("b.mp4", b"still"))]


@pytest.fixture
def study_id(client: TestClient) -> str:
    return str(client.post("/report", files=FILES).json()["study_id"])


@pytest.mark.parametrize("rendering", RENDERINGS, ids=FORMATS)
def test_a_format_is_had_by_name_and_by_accept_of_the_same_bytes(
    client: TestClient, study_id: str, rendering: Rendering
) -> None:
    by_name = client.get(f"/report/{study_id}?format={rendering.name}", headers={"Accept": "text/plain"})
    by_accept = client.get(f"/report/{study_id}", headers={"Accept": rendering.media_type})
    for answer in (by_name, by_accept):
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] == rendering.media_type
        assert answer.headers["content-language"] == "en"
    assert by_name.content == by_accept.content
    assert by_name.content.startswith(BEGINS.get(rendering.name, b""))


@pytest.mark.parametrize("name", FORMATS)
def test_a_post_answers_in_a_format_too(client: TestClient, name: str) -> None:
    answer = client.post(f"/report?format={name}&lang=en", files=FILES)
    assert answer.status_code == 200
    assert answer.content.startswith(BEGINS.get(name, b""))


def test_a_page_may_do_nothing_but_have_its_style(client: TestClient, study_id: str) -> None:
    policy = client.get(f"/report/{study_id}?format=html").headers["content-security-policy"]
    assert policy == POLICY
    assert "unsafe-inline" not in policy
    assert "unsafe-inline" in PAGE_POLICY  # of /docs
    assert "style-src" not in client.get(f"/report/{study_id}").headers["content-security-policy"]


@pytest.mark.parametrize("name", ["pdf", "fhir", "sr"])
def test_a_file_is_named_by_the_study_alone(client: TestClient, study_id: str, name: str) -> None:
    said = client.get(f"/report/{study_id}?format={name}").headers["content-disposition"]
    assert said.startswith(f'inline; filename="report-{study_id}.')
    assert "PATIENT" not in said


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_format_is_a_406_that_names_what_there_is(client: TestClient, study_id: str, method: str) -> None:
    path = f"/report/{study_id}?format=MARIA" if method == "GET" else "/report?format=MARIA"
    answer = client.request(method, path, files=FILES if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (406, "not_acceptable", "format")
    assert ", ".join(FORMATS) in answer.json()["detail"]
    assert "MARIA" not in answer.text


def test_an_accept_that_nothing_fits_names_all_media_types(client: TestClient, study_id: str) -> None:
    answer = client.get(f"/report/{study_id}", headers={"Accept": "image/png"})
    assert answer.status_code == 406
    for rendering in RENDERINGS:
        assert rendering.media_type in answer.json()["detail"]


def test_other_parameters_of_a_post_are_still_refused(client: TestClient) -> None:
    assert client.post("/report?format=html&k=5", files=FILES).status_code == 422


def test_every_media_type_is_documented(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for operation in (paths["/report"]["post"], paths["/report/{study_id}"]["get"]):
        assert {rendering.media_type for rendering in RENDERINGS} == set(operation["responses"]["200"]["content"])
        (parameter,) = [one for one in operation["parameters"] if one["name"] == "format"]
        assert parameter["schema"]["enum"] == list(FORMATS)


def test_german_is_asked_for_and_got(client: TestClient) -> None:
    page = client.post("/report?format=html&lang=de", files=FILES)
    assert 'lang="de"' in page.text
    assert page.headers["content-language"] == "de"


def test_the_name_of_an_uploaded_file_is_in_no_format(client: TestClient, study_id: str) -> None:
    for name in FORMATS:
        body = client.get(f"/report/{study_id}?format={name}").content
        assert b"PATIENT^NAME" not in body
    sr = pydicom.dcmread(io.BytesIO(client.get(f"/report/{study_id}?format=sr").content))
    assert not sr.PatientName
