"""docs/formats.md tells the truth: its curl lines run, and a name that is planted in a file is in none of the answers.

One service with the shipped bundle answers all of them; other people's tools look at what came.
"""

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pydicom
import pytest
from pydicom.data import get_testdata_file

from scripts.local_service import local_service
from service.renderings.negotiation import RENDERINGS
from service.renderings.page_words import ENGLISH, GERMAN
from tests.service.renderings.told_reports import BEGINS, said_by

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
CURLS = [line for line in PAGE.splitlines() if line.startswith("curl ")]
CINE = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))
PLANTED = {
    "PatientName": "Plantagenet^Wilhelmine",
    "PatientID": "PLANTED-4711",
    "InstitutionName": "Plantedhospital",
    "ReferringPhysicianName": "Planted^Physician",
    "StudyDescription": "echo of Wilhelmine Plantagenet",
    "AccessionNumber": "PLANTACC1",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which every curl line of the page was run."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    folder = tmp_path_factory.mktemp("formats")
    dataset = pydicom.dcmread(CINE)
    for keyword, value in PLANTED.items():
        setattr(dataset, keyword, value)
    dataset.save_as(folder / "clip.dcm")
    with zipfile.ZipFile(folder / "study.zip", "w") as archive:
        archive.write(folder / "clip.dcm", "Plantagenet_Wilhelmine.dcm")
    os.environ.pop("ECHOSCRIBE_KEY", None)
    with local_service(tmp_path_factory.mktemp("service")) as service:
        with (folder / "study.zip").open("rb") as study:
            answer = httpx.post(f"{service.url}/report", files={"files": study}, timeout=300)
        answer.raise_for_status()
        study_id = answer.json()["study_id"]
        (folder / "report.json").write_bytes(answer.content)
        for line in CURLS:
            there = line.replace("localhost:8000", service.url).replace("STUDY_ID", study_id)
            words = shlex.split(there.split("  #")[0])
            subprocess.run([*words, "--fail"], cwd=folder, check=True, timeout=300, capture_output=True)
        yield folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in {"study.zip", "clip.dcm"}}


def test_the_page_lists_the_formats_of_the_service() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([\w/+]+)` \|", PAGE, re.MULTILINE)
    assert rows == [(rendering.name, rendering.media_type) for rendering in RENDERINGS]
    assert {name for line in CURLS for name in re.findall(r"format=(\w+)", line)} == {"html", "pdf", "fhir", "sr"}


def test_every_line_wrote_its_file(written: Path) -> None:
    begins = {"html": "html", "pdf": "pdf", "json": "fhir", "dcm": "sr"}
    outputs = [line.split("-o ")[1].split()[0] for line in CURLS]
    assert len(set(outputs)) == len(outputs) == 6
    for name in outputs:
        assert (written / name).read_bytes().startswith(BEGINS[begins[name.rsplit(".", 1)[1]]]), name
    assert (written / "report.fhir.json").read_bytes() == (written / "accepted.fhir.json").read_bytes()


def test_a_planted_name_is_in_no_format(written: Path) -> None:
    pdf_texts = [said_by("pdftotext", written / name, "-") for name in ("report.pdf", "befund.pdf")]
    said = {name: data.decode("utf-8", "replace") for name, data in files_of(written).items()}
    stated = pydicom.dcmread(written / "clip.dcm")
    uids = (stated.StudyInstanceUID, stated.SeriesInstanceUID, stated.SOPInstanceUID)
    for text in [*said.values(), *pdf_texts, str(pydicom.dcmread(written / "report.dcm"))]:
        assert not re.search("plant", text, re.IGNORECASE)
        assert not re.search("wilhelmine", text, re.IGNORECASE)
        assert [uid for uid in uids if uid in text] == []


def test_other_peoples_tools_take_a_real_report(written: Path) -> None:
    checked = said_by("dciodvfy", "-new", written / "report.dcm")
    assert [line for line in checked.splitlines() if line.startswith("Error")] == []
    assert "PRELIMINARY" in said_by("dsrdump", written / "report.dcm")
    assert ENGLISH.demonstration_mark in said_by("pdftotext", written / "report.pdf", "-")
    assert GERMAN.demonstration_mark in said_by("pdftotext", written / "befund.pdf", "-")
    parser = importlib.import_module("fhir.resources.R4B.bundle")
    assert parser.Bundle.model_validate_json((written / "report.fhir.json").read_bytes()).type == "document"


def test_every_phenotype_of_a_real_report_is_an_observation(written: Path) -> None:
    bundle = json.loads((written / "report.fhir.json").read_bytes())
    report = json.loads((written / "report.json").read_bytes())
    codes = {
        one["code"]
        for entry in bundle["entry"]
        for one in entry["resource"].get("code", {}).get("coding", [])
        if one["system"] == "urn:echoscribe:codes:echo"
    }
    assert len(report["phenotypes"]) == 25
    assert set(report["phenotypes"]) <= codes
