"""A report is edited, signed and amended; each version stays, and nothing changes what is final."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.http.bounded_json import MOST_BYTES
from service.schemas import ReportDocument
from tests.service.conftest import Serve

FILES = [("files", ("a", b"clip"))]
NOBODY = "3f0c9a52-6f7e-4c43-9a53-0b6c1d1f6c11"


def post(client: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/report", files=FILES).json()
    return answer


def edit(client: TestClient, study_id: str, version: int, **changes: object) -> Any:
    return client.patch(f"/report/{study_id}", json={"version": version, **changes})


def sign(client: TestClient, study_id: str, version: int, name: str = "Dr. A. Reader") -> Any:
    return client.post(f"/report/{study_id}/signature", json={"version": version, "signed_by": name})


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_edit_is_a_version_and_the_draft_stays(client: TestClient) -> None:
    draft = post(client)
    study, section = draft["study_id"], draft["sections"][0]
    edited = edit(client, study, 0, sections={section["name"]: "Seen by a person."}, impression=["All well."])
    assert edited.status_code == 200
    shown = ReportDocument.model_validate_json(edited.content)
    assert shown.edition is not None
    assert (shown.edition.version, shown.edition.state, shown.edition.signed_by) == (1, "draft", None)
    assert [(sentence.text, sentence.source) for sentence in shown.sections[0].sentences] == [
        ("Seen by a person.", "written")
    ]
    assert [(row.text, row.kind) for row in shown.impression] == [("All well.", "written")]
    assert client.get(f"/report/{study}").json() == edited.json()
    assert "Seen by a person." in client.get(f"/report/{study}", headers={"Accept": "text/plain"}).text
    assert client.get(f"/report/{study}/versions/0").json() == draft


def test_changes_add_up_and_are_listed(client: TestClient) -> None:
    draft = post(client)
    study, section = draft["study_id"], draft["sections"][0]
    edit(client, study, 0, sections={section["name"]: "One. Two."})
    edit(client, study, 1, impression=["Short."])
    edit(client, study, 2, sections={section["name"]: "Two. Three."})
    assert client.get(f"/report/{study}").json()["impression"][0]["text"] == "Short."
    listed = client.get(f"/report/{study}/versions").json()["versions"]
    assert [row["edition"]["version"] for row in listed] == [0, 1, 2, 3]
    assert listed[0]["changes"] == []
    assert listed[3]["changes"] == [{"section": section["name"], "removed": ["One."], "added": ["Three."]}]
    assert listed[2]["changes"][0]["section"] is None


def test_what_is_signed_stays_and_an_amendment_is_a_new_version(client: TestClient) -> None:
    study = post(client)["study_id"]
    name = client.get(f"/report/{study}").json()["sections"][0]["name"]
    final = sign(client, study, 0)
    assert final.json()["edition"]["state"] == "final"
    assert "Dr. A. Reader" in final.json()["draft_notice"]
    text = client.get(f"/report/{study}", headers={"Accept": "text/plain"}).text
    assert "DRAFT" not in text.splitlines()[0]
    assert "Dr. A. Reader" in text
    assert code_of(edit(client, study, 1, sections={name: "Later."})) == (409, "report_final")
    assert code_of(sign(client, study, 1)) == (409, "report_final")
    amendment = {"version": 1, "reason": "Wrong side."}
    amended = client.post(f"/report/{study}/amendment", json=amendment)
    assert (amended.json()["edition"]["state"], amended.json()["edition"]["amends"]) == ("draft", 1)
    assert "Dr. A. Reader" not in amended.json()["draft_notice"]
    assert edit(client, study, 2, sections={name: "Right side."}).status_code == 200
    assert sign(client, study, 3, "Dr. B").json()["edition"]["amends"] == 1
    assert client.get(f"/report/{study}/versions/1").json() == final.json()
    assert code_of(client.post(f"/report/{study}/amendment", json=amendment)) == (409, "version_conflict")


def test_a_version_comes_in_the_format_that_is_asked_for(client: TestClient) -> None:
    study = post(client)["study_id"]
    sign(client, study, 0)
    client.post(f"/report/{study}/amendment", json={"version": 1, "reason": "More."})
    pdf = client.get(f"/report/{study}/versions/1?format=pdf")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert "Dr. A. Reader" in client.get(f"/report/{study}/versions/1", headers={"Accept": "text/plain"}).text
    assert client.get(f"/report/{study}/versions/1?format=docx").status_code == 406


def test_what_was_predicted_stays_whatever_a_person_made_of_the_report(client: TestClient) -> None:
    draft = post(client)
    study = draft["study_id"]
    edit(client, study, 0, sections={section["name"]: "Seen by a person." for section in draft["sections"]})
    assert {row["reason"] for row in client.get(f"/report/{study}").json()["phenotypes"].values()} == {"section_edited"}
    listed = client.get("/phenotypes").json()["studies"][0]["phenotypes"]
    assert client.get(f"/phenotypes/{study}").json()["phenotypes"] == listed == draft["phenotypes"]


def test_only_what_is_final_is_amended_and_only_the_newest_is_changed(client: TestClient) -> None:
    study = post(client)["study_id"]
    assert code_of(client.post(f"/report/{study}/amendment", json={"version": 0, "reason": "x"})) == (
        409, "report_not_final",
    )  # fmt: skip
    assert code_of(sign(client, study, 5)) == (409, "version_conflict")
    assert code_of(client.get(f"/report/{study}/versions/7")) == (404, "unknown_version")
    assert code_of(edit(client, NOBODY, 0, impression=["x"])) == (404, "unknown_study")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"{}", "version"),
        (b'{"version": -1, "impression": ["x"]}', "version"),
        (b'{"version": 0}', "sections"),
        (b'{"version": 0, "sections": {"JANE DOE": "x"}}', "sections"),
        (b'{"version": 0, "impression": [""]}', "impression"),
        (b'{"version": 0, "impression": ["a\\nb"]}', "impression"),
        (b'{"version": 0, "JANE": 1}', "body"),
        (json.dumps({"version": 0, "impression": ["x" * 20_001]}).encode(), "impression"),
        (json.dumps({"version": 0, "impression": ["x\x00"]}).encode(), "impression"),
    ],
)
def test_a_change_that_cannot_be_made_names_its_field_and_no_word_of_it(
    client: TestClient, body: bytes, field: str
) -> None:
    study = post(client)["study_id"]
    answer = client.patch(f"/report/{study}", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "JANE" not in answer.text
    assert client.get(f"/report/{study}").json()["edition"] is None


def test_a_body_that_is_too_long_or_no_json_is_refused(client: TestClient) -> None:
    study = post(client)["study_id"]
    headers = {"Content-Type": "application/json"}
    assert code_of(client.patch(f"/report/{study}", content=b" " * (MOST_BYTES + 1), headers=headers))[0] == 413
    assert code_of(client.patch(f"/report/{study}", content=b"{}")) == (415, "not_json")


def test_versions_go_with_their_study(client: TestClient) -> None:
    study = post(client)["study_id"]
    sign(client, study, 0)
    assert client.delete(f"/report/{study}").status_code == 204
    assert client.get(f"/report/{study}/versions").status_code == 404
    assert client.get(f"/report/{study}").status_code == 404


def test_feedback_is_given_out_only_where_it_is_allowed(client: TestClient, serve: Serve) -> None:
    assert code_of(client.get("/feedback")) == (403, "feedback_off")


def test_feedback_has_signed_reports_beside_their_drafts_page_by_page(serve: Serve) -> None:
    with serve(feedback=True) as client:
        drafts = [post(client) for _ in range(3)]
        for draft in drafts:
            name = draft["sections"][0]["name"]
            edit(client, draft["study_id"], 0, sections={name: f"Seen {draft['study_id']}."})
        for draft in drafts[:2]:
            sign(client, draft["study_id"], 1)
        first = client.get("/feedback?limit=1").json()
        second = client.get(f"/feedback?limit=1&after={first['next']}").json()
        assert second["next"] is None
        assert [row["study_id"] for row in first["signed"] + second["signed"]] == [
            draft["study_id"] for draft in reversed(drafts[:2])
        ]
        row, draft = second["signed"][0], drafts[0]
        name = draft["sections"][0]["name"]
        assert row["draft"][name] == draft["sections"][0]["text"]
        assert row["final"][name] == f"Seen {draft['study_id']}."
        assert client.get("/feedback?after=x.1").status_code == 404
