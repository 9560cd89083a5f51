"""Which language a posted study is answered in."""

import pytest
from fastapi.testclient import TestClient

FILES = [("files", ("a", b"first")), ("files", ("b", b"second"))]


@pytest.mark.parametrize(
    ("address", "fields", "headers", "lang"),
    [
        ("/report", {}, {}, "en"),
        ("/report?lang=de", {}, {}, "de"),
        ("/report", {"lang": "de"}, {}, "de"),
        ("/report?language=de", {}, {}, "de"),
        ("/report", {"language": "de"}, {}, "de"),
        ("/report?lang=de", {"language": "de"}, {}, "de"),
        ("/report", {}, {"Accept-Language": "de-AT"}, "de"),
        ("/report?lang=en", {}, {"Accept-Language": "de"}, "en"),
        ("/report?lang=de", {"lang": "de"}, {}, "de"),
    ],
)
def test_a_report_is_written_in_the_language_asked_for(
    client: TestClient, address: str, fields: dict[str, str], headers: dict[str, str], lang: str
) -> None:
    response = client.post(address, files=FILES, data=fields, headers=headers)
    assert response.status_code == 200
    assert (response.json()["lang"], response.headers["content-language"]) == (lang, lang)
    again = client.get(f"/report/{response.json()['study_id']}", headers={"Accept": "text/plain"})
    assert again.headers["content-language"] == lang
    assert ("BEFUND" in again.text) == (lang == "de")


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/report?lang=fr", {}),
        ("/report", {"lang": "fr"}),
        ("/report?language=fr", {}),
        ("/report?language=de", {"lang": "en"}),
        ("/report", {"lang": "de", "language": "de"}),
        ("/report?lang=de", {"lang": "en"}),
        ("/report?lang=de&lang=de", {}),
    ],
)
def test_a_language_that_is_not_there_is_a_422(client: TestClient, address: str, fields: dict[str, str]) -> None:
    problem = client.post(address, files=FILES, data=fields)
    assert problem.status_code == 422
    assert problem.json().get("field") == "lang" or "lang=de&" in address
    if problem.json()["code"] == "unknown_language":
        assert problem.json()["detail"] == "lang: reports are written in en, de"


def test_a_key_stands_for_a_language_too(client: TestClient) -> None:
    key = {"Idempotency-Key": "one"}
    first = client.post("/report?lang=de", files=FILES, headers=key)
    assert client.post("/report?lang=de", files=FILES, headers=key).json() == first.json()
    assert client.post("/report", files=FILES, data={"lang": "de"}, headers=key).json() == first.json()
    assert client.post("/report", files=FILES, headers=key).json()["code"] == "idempotency_key_reused"
