"""Phenotypes as rows: CSV that reads back as it was, and aligned lines."""

import csv
import io
from datetime import UTC, datetime

import pandas as pd
from fastapi.testclient import TestClient

from service.http import examples
from service.renderings.phenotype_table import COLUMNS, phenotype_csv, phenotype_table
from service.schemas import StudyPhenotypes

STUDY = StudyPhenotypes.model_validate(
    {"study_id": "s", "created": datetime(2026, 1, 2, tzinfo=UTC), "phenotypes": examples.PHENOTYPES}
)


def test_csv_reads_back_as_it_was() -> None:
    text = phenotype_csv([STUDY, STUDY.model_copy(update={"study_id": "t"})])
    back = pd.read_csv(io.StringIO(text))
    assert list(back.columns) == list(COLUMNS)
    assert list(back["study_id"]) == ["s", "s", "t", "t"]
    assert back["value"][0] == 57.4
    assert back["value"].isna()[1]
    assert back["reason"][1] == "section_not_assessed"
    assert phenotype_csv([]).splitlines() == [",".join(COLUMNS)]


def test_csv_numbers_are_short_and_truth_is_in_lower_case() -> None:
    row = STUDY.phenotypes["ejection_fraction" if "ejection_fraction" in STUDY.phenotypes else "size"]
    rows = {
        "long": row.model_copy(update={"value": 57.123456789, "p10": 1 / 3, "p90": 12345678.9, "positive": True}),
        "other": row.model_copy(update={"value": 50.0, "positive": False}),
        "unknown": row.model_copy(update={"value": None, "positive": None}),
    }
    text = phenotype_csv([STUDY.model_copy(update={"phenotypes": rows})])
    back = {line["phenotype"]: line for line in csv.DictReader(io.StringIO(text))}
    assert (back["long"]["value"], back["long"]["p10"], back["long"]["p90"]) == ("57.1235", "0.333333", "1.23457e+07")
    assert [back[name]["positive"] for name in rows] == ["true", "false", ""]
    assert (back["other"]["value"], back["unknown"]["value"]) == ("50", "")
    assert back["long"]["k"] == str(row.k)


def test_times_are_written_as_in_json() -> None:
    back = pd.read_csv(io.StringIO(phenotype_csv([STUDY])))
    assert back["created"][0] == STUDY.model_dump(mode="json")["created"] == "2026-01-02T00:00:00Z"


def test_a_table_keeps_the_order_of_studies_and_phenotypes() -> None:
    assert list(phenotype_table([STUDY])["phenotype"]) == list(examples.PHENOTYPES)


def test_one_study_is_served_as_the_same_csv(client: TestClient) -> None:
    study_id = client.post("/report", files=[("files", ("a", b"clip"))]).json()["study_id"]
    csv = {"Accept": "text/csv"}
    one = client.get(f"/phenotypes/{study_id}", headers=csv)
    assert one.headers["content-type"].startswith("text/csv")
    assert one.text == client.get("/phenotypes", headers=csv).text
    assert client.get(f"/phenotypes/{study_id}", headers={"Accept": "image/png"}).status_code == 406


def test_the_list_is_served_as_csv_with_a_link_to_the_next_page(client: TestClient) -> None:
    posted = [client.post("/report", files=[("files", ("a", b"clip"))]).json()["study_id"] for _ in range(3)]
    csv = client.get("/phenotypes?limit=2", headers={"Accept": "text/csv"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert list(pd.read_csv(io.StringIO(csv.text))["study_id"]) == posted[:0:-1]
    following = csv.headers["link"].split(">")[0].removeprefix("<")
    last = client.get(following, headers={"Accept": "text/csv"})
    assert list(pd.read_csv(io.StringIO(last.text))["study_id"]) == posted[:1]
    assert "link" not in last.headers
    assert client.get("/phenotypes", headers={"Accept": "image/png"}).status_code == 406
