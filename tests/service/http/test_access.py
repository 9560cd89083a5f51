"""The app with keys: who gets in, whose studies are whose, what the audit log has, and what a browser is told."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.access.audit import broken_links
from service.access.caller import SCOPES, Scope
from service.access.key_file import add_key, revoke_key
from service.client import EchoScribeClient
from service.http.gate import OPEN_PATHS
from tests.service.conftest import MakeSettings, Serve, wait_until
from tests.service.http.routes.test_reports import app_of
from tests.service.invented import InventedPipeline

FILES = [("files", ("a", b"clip"))]
SWITCHED_OFF = {"/embeddings", "/feedback"}  # by the settings of the test: 403, whatever the key
NOBODY = "3f0c9a52-6f7e-4c43-9a53-0b6c1d1f6c11"


@dataclass
class Locked:
    """A service with keys."""

    client: TestClient
    keys: Path
    audit: Path

    def key(self, tenant: str, *scopes: Scope) -> dict[str, str]:
        """The header of a new key."""
        return {"Authorization": f"Bearer {add_key(self.keys, tenant, scopes)[1]}"}

    def audited(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.audit.read_text().splitlines()]


@pytest.fixture
def locked(serve: Serve, make_settings: MakeSettings) -> Iterator[Locked]:
    settings = make_settings()
    add_key(settings.keys_file, "somebody", ("admin",))
    with serve() as client:
        yield Locked(client, settings.keys_file, settings.audit_file)


def test_every_route_is_open_by_name_or_refused_without_a_key(locked: Locked) -> None:
    app = app_of(locked.client)
    documented = [(path, method) for path, methods in app.openapi()["paths"].items() for method in methods]
    assert len(documented) >= 10
    for path, method in documented:
        answer = locked.client.request(method, path.replace("{study_id}", NOBODY))
        if path in OPEN_PATHS:
            assert answer.status_code == 200, path
            continue
        assert (answer.status_code, answer.json()["code"]) == (401, "key_missing"), path
        assert answer.headers["www-authenticate"] == "Bearer"
    open_ones = {path for path, _ in documented if path in OPEN_PATHS}
    assert open_ones == {"/livez", "/readyz"}
    assert locked.client.get("/nowhere").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/report", "submit"),
        ("POST", "/embeddings", "submit"),
        ("GET", f"/report/{NOBODY}", "read"),
        ("GET", f"/report/{NOBODY}/events", "read"),
        ("GET", f"/report/{NOBODY}/contours", "read"),
        ("GET", "/phenotypes", "read"),
        ("GET", f"/phenotypes/{NOBODY}", "read"),
        ("PATCH", f"/report/{NOBODY}", "sign"),
        ("POST", f"/report/{NOBODY}/signature", "sign"),
        ("POST", f"/report/{NOBODY}/amendment", "sign"),
        ("GET", f"/report/{NOBODY}/versions", "read"),
        ("GET", f"/report/{NOBODY}/versions/0", "read"),
        ("GET", "/feedback", "admin"),
        ("GET", "/metrics", "admin"),
    ],
)
def test_each_call_needs_its_scope_and_no_other_does(locked: Locked, method: str, path: str, scope: Scope) -> None:
    others: list[Scope] = [each for each in SCOPES if each != scope]
    refused = locked.client.request(method, path, headers=locked.key("a", *others))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert scope in refused.json()["detail"]
    assert (
        locked.client.request(method, path, headers=locked.key("a", scope)).status_code != 403 or path in SWITCHED_OFF
    )


def test_a_tenant_has_its_own_studies_lists_and_idempotency_keys(locked: Locked, pipeline: InventedPipeline) -> None:
    one, other = locked.key("a", "submit", "read"), locked.key("b", "submit", "read")
    key = {"Idempotency-Key": "same"}
    mine = locked.client.post("/report", files=FILES, headers=one | key).json()["study_id"]
    theirs = locked.client.post("/report", files=FILES, headers=other | key).json()["study_id"]
    assert mine != theirs
    assert locked.client.post("/report", files=FILES, headers=one | key).json()["study_id"] == mine
    assert [row["study_id"] for row in locked.client.get("/phenotypes", headers=one).json()["studies"]] == [mine]
    for path in ("/report/{}", "/report/{}/events", "/report/{}/contours", "/phenotypes/{}", "/phenotypes?after={}"):
        assert locked.client.get(path.format(mine), headers=one).status_code == 200, path
        refused, unknown = (locked.client.get(path.format(name), headers=one) for name in (theirs, NOBODY))
        same = [{**answer.json(), "request_id": ""} for answer in (refused, unknown)]
        assert (refused.status_code, same[0]) == (404, same[1]), path
    assert locked.client.get(f"/phenotypes?study_id={theirs}", headers=one).json()["studies"] == []


def test_a_study_that_still_runs_is_unknown_to_others(locked: Locked, pipeline: InventedPipeline) -> None:
    one, other = locked.key("a", "submit", "read"), locked.key("b", "read")
    pipeline.gate.clear()
    where = locked.client.post("/report", files=FILES, headers=one | {"Prefer": "respond-async"}).json()["report"]
    assert locked.client.get(where, headers=one).status_code == 202
    for path in (where, f"{where}/events", f"{where}/contours", where.replace("report", "phenotypes")):
        assert locked.client.get(path, headers=other).status_code == 404, path
    pipeline.gate.set()
    wait_until(lambda: locked.client.get(where, headers=one).status_code == 200)


def test_keys_of_one_tenant_share_its_studies(locked: Locked) -> None:
    study = locked.client.post("/report", files=FILES, headers=locked.key("a", "submit")).json()["study_id"]
    assert locked.client.get(f"/report/{study}", headers=locked.key("a", "read")).status_code == 200


def test_studies_from_before_the_first_key_are_those_of_the_default_tenant(
    serve: Serve, make_settings: MakeSettings
) -> None:
    with serve() as client:
        study = client.post("/report", files=FILES).json()["study_id"]
        _, text = add_key(make_settings().keys_file, "default", ("read",))
        assert client.get(f"/report/{study}").status_code == 401
        assert client.get(f"/report/{study}", headers={"Authorization": f"Bearer {text}"}).status_code == 200


def test_a_revoked_key_is_refused_at_the_next_call(locked: Locked) -> None:
    key, text = add_key(locked.keys, "a", ("read",))
    headers = {"Authorization": f"bearer {text}"}
    assert locked.client.get("/phenotypes", headers=headers).status_code == 200
    revoke_key(locked.keys, key.id)
    refused = locked.client.get("/phenotypes", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "key_refused")
    assert text not in refused.text
    assert locked.client.get("/phenotypes", headers={"Authorization": f"Basic {text}"}).status_code == 401


def test_damaged_keys_are_a_503_that_names_no_path(locked: Locked) -> None:
    headers = locked.key("a", "read")
    locked.keys.write_bytes(b"{")
    refused = locked.client.get("/phenotypes", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (503, "keys_unreadable")
    assert str(locked.keys.parent) not in refused.text
    assert locked.client.get("/livez").status_code == 200


def test_the_audit_log_has_posts_reads_lists_and_refusals_and_no_identity(locked: Locked) -> None:
    headers = locked.key("a", "submit", "read")
    study = locked.client.post("/report", files=FILES, headers=headers | {"X-Request-ID": "JANE"}).json()["study_id"]
    locked.client.get(f"/report/{study}", headers=headers)
    locked.client.get("/phenotypes", headers=headers)
    locked.client.get("/report/JANE^DOE", headers=headers)
    locked.client.get("/metrics", headers=headers)
    key_id = headers["Authorization"].split("_")[1]
    assert [(line["action"], line["studies"], line["status"]) for line in locked.audited()] == [
        ("POST /report", [study], 200),
        ("GET /report/{study_id}", [study], 200),
        ("GET /phenotypes", [study], 200),
        ("GET /report/{study_id}", [], 404),
        ("GET /metrics", [], 403),
    ]
    assert {line["key"] for line in locked.audited()} == {key_id}
    assert "JANE" not in locked.audit.read_text()
    assert headers["Authorization"].split("_")[2] not in locked.audit.read_text()
    assert list(broken_links(locked.audit)) == []


def test_nothing_is_shown_that_the_audit_log_cannot_tell(locked: Locked) -> None:
    headers = locked.key("a", "submit", "read")
    study = locked.client.post("/report", files=FILES, headers=headers).json()["study_id"]
    locked.audit.unlink()
    locked.audit.mkdir()
    for path in (f"/report/{study}", f"/report/{study}/events", "/phenotypes"):
        refused = locked.client.get(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "audit_unavailable")
        assert "sections" not in refused.text
    assert locked.client.get("/livez").status_code == 200


def test_the_clients_take_a_key(locked: Locked, monkeypatch: pytest.MonkeyPatch) -> None:
    text = locked.key("a", "read")["Authorization"].removeprefix("Bearer ")
    for given, environment in ((text, ""), (None, text)):
        monkeypatch.setenv("ECHOSCRIBE_KEY", environment)
        with EchoScribeClient("http://localhost", key=given) as client:
            assert client._http.headers["authorization"] == f"Bearer {text}"
    monkeypatch.delenv("ECHOSCRIBE_KEY")
    with EchoScribeClient("http://localhost") as client:
        assert "authorization" not in client._http.headers


def test_another_name_of_the_host_and_a_page_of_another_site_are_refused(client: TestClient) -> None:
    for host in ("evil.example", "localhost.evil.example"):
        refused = client.get("/info", headers={"Host": host})
        assert (refused.status_code, refused.json()["code"]) == (421, "host_refused")
        assert host not in refused.text
        assert client.get("/livez", headers={"Host": host}).status_code == 421
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        refused = client.post("/report", files=FILES, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "cross_site")
        assert "access-control-allow-origin" not in refused.headers
    assert client.post("/report", files=FILES, headers={"Origin": "http://localhost"}).status_code == 200
    preflight = client.options("/report", headers={"Origin": "https://evil.example"})
    assert not [name for name in preflight.headers if name.startswith("access-control")]


def test_every_answer_tells_a_browser_what_it_may_not_do(client: TestClient) -> None:
    for path in ("/livez", "/docs", "/openapi.json", "/nowhere", "/info"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'"), path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_the_page_of_the_api_has_every_call_and_loads_nothing(client: TestClient) -> None:
    page = client.get("/docs").text
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert not re.search(r"<script|<link|<img|<iframe|\ssrc=|https?://|@import|url\(", page)
    assert page.count("<table>") == page.count("</table>") > 5
