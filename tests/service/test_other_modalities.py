"""Two invented modalities go every way that echo goes: the service, the command line, a bank of reports, validation.

The lead has neither pictures, views nor MIL; of the slices many files make one acquisition.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from model.bundle import read_bundle
from model.device import choose_placement
from service.artifacts import ArtifactPaths, load_pipeline
from service.cli.commands import app as command_line
from service.errors import MixedStudies
from service.http.app import create_app
from service.ingest.limits import IngestLimits
from service.run_options import RunOptions
from service.schemas import ReportDocument
from service.site.bank.networks import StudyVectors
from service.site.calibration.labelled_studies import read_labels, studies_in
from tests.service.conftest import MakeSettings, wait_until
from tests.toys.lead import LEAD, SERVED_LEAD, lead_text, write_lead
from tests.toys.slices import SERVED_SLICES, slice_text, write_slices


@pytest.fixture(scope="module")
def lead(tmp_path_factory: pytest.TempPathFactory) -> ArtifactPaths:
    return write_lead(tmp_path_factory.mktemp("lead"))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> ArtifactPaths:
    return write_slices(tmp_path_factory.mktemp("slices"))


@pytest.fixture
def client(lead: ArtifactPaths, make_settings: MakeSettings) -> Iterator[TestClient]:
    settings = make_settings(bundle=lead.bundle, bank=lead.bank, neighbours=12)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        yield client


def test_a_lead_is_posted_and_reported(client: TestClient) -> None:
    texts = [lead_text(140), lead_text(150), "LEAD 100 P1\n0.1 0.2\n", "no lead at all"]
    posted = client.post("/report", files=[("files", ("x", text.encode())) for text in texts])
    assert posted.status_code == 200, posted.text
    document = ReportDocument.model_validate_json(posted.content)
    assert [section.name for section in document.sections] == list(LEAD.sections)
    assert document.sections[0].sentences[0].text == "The rhythm is fast."
    assert {(view.clip, view.view) for view in document.sections[0].views} == {(1, None), (2, None)}
    assert document.phenotypes["is_fast"].positive
    assert document.phenotypes["rate"].value == pytest.approx(145, abs=8)
    assert [(clip.used, clip.skipped, clip.view) for clip in document.clips] == [
        (True, None, None),
        (True, None, None),
        (False, "too_short", None),
        (False, "unreadable", None),
    ]
    assert "is neither a lead nor anything else" in str(document.clips[3].detail)
    text = client.get(f"/report/{document.study_id}", headers={"Accept": "text/plain"}).text
    assert "The rhythm is fast." in text
    assert client.get("/phenotypes").json()["studies"][0]["study_id"] == document.study_id


def test_leads_of_two_patients_are_refused(client: TestClient) -> None:
    texts = [lead_text(90), lead_text(95, patient="P2")]
    posted = client.post("/report", files=[("files", ("x", text.encode())) for text in texts])
    assert posted.status_code == 422
    assert posted.json()["positions"] == [1, 2]


def test_a_lead_on_the_command_line(lead: ArtifactPaths, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(lead_text(60), encoding="utf-8")
    words = ["report", str(tmp_path / "a.txt"), "--bundle", str(lead.bundle), "--bank", str(lead.bank), "--k", "12"]
    found = CliRunner().invoke(command_line, [*words, "--json", "-"])
    assert found.exit_code == 0, found.output
    assert '"The rhythm is slow."' in found.output


def test_a_bank_is_built_of_leads_and_they_are_validated(lead: ArtifactPaths, tmp_path: Path) -> None:
    """Vectors of studies for a bank, and votes of labelled studies, through the modality's own reader."""
    for name, rate in (("a", 50), ("b", 150)):
        (tmp_path / "studies" / name).mkdir(parents=True)
        (tmp_path / "studies" / name / "1.txt").write_text(lead_text(rate), encoding="utf-8")
    cpu = choose_placement("cpu")
    source = StudyVectors(tmp_path / "studies", lead.bundle, read_bundle(lead.bundle), cpu)
    vectors = source.vectors(["a", "b"], [])
    assert not any(isinstance(vector, str) for vector in vectors)
    (tmp_path / "labels.csv").write_text("study,is_fast\na,0\nb,1\n", encoding="utf-8")
    pipeline = load_pipeline(lead, cpu)
    refused: list[str] = []
    table = read_labels(tmp_path / "labels.csv", pipeline.bundle.taxonomy())
    known = list(studies_in(tmp_path / "studies", table, pipeline, refused))
    assert [study.votes["is_fast"].value > 0.5 for study in known] == [False, True]  # type: ignore[operator]  # a vote


def test_many_files_make_one_acquisition(stack: ArtifactPaths, tmp_path: Path) -> None:
    texts = [slice_text(number, 0.5) for number in (2, 3, 1)] + [slice_text(1, 0.2, "S2"), slice_text(3, 0.2, "S2")]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.txt").write_text(text, encoding="utf-8")
    with SERVED_SLICES.open_study([tmp_path], IngestLimits()) as files:
        items = list(files.read())
        document = load_pipeline(stack, choose_placement("cpu")).run(files.readers(), RunOptions(neighbours=5))
    assert sorted(item.position for item in items) == [1, 4]
    whole, gapped = document.clips
    assert (whole.clip, whole.used) == (1, True)
    assert (gapped.clip, gapped.used, gapped.skipped) == (4, False, "unreadable")
    assert len(whole.sha256) == 64
    assert document.sections[0].assessed


def test_a_stack_in_a_zip_is_the_same_acquisition(stack: ArtifactPaths, tmp_path: Path) -> None:
    texts = [slice_text(number, 0.5) for number in (1, 2, 3)]
    (tmp_path / "folder").mkdir()
    with zipfile.ZipFile(tmp_path / "stack.zip", "w") as archive:
        for number, text in enumerate(texts):
            (tmp_path / "folder" / f"{number}.txt").write_text(text, encoding="utf-8")
            archive.writestr(f"{number}.txt", text)
    pipeline, found = load_pipeline(stack, choose_placement("cpu")), []
    for path in (tmp_path / "folder", tmp_path / "stack.zip"):
        with SERVED_SLICES.open_study([path], IngestLimits()) as files:
            document = pipeline.run(files.readers(), RunOptions(neighbours=5))
        found.append(document.model_dump(exclude={"study_id", "created", "stage_seconds"}))
    assert found[0] == found[1]


def test_a_bundle_without_views_has_neither_table_nor_weighting(lead: ArtifactPaths) -> None:
    stated = json.loads((lead.bundle / "bundle.json").read_text(encoding="utf-8"))
    assert (stated["views"], stated["mil_weights"], stated["view_weighting"]) == ([], {}, None)
    assert read_bundle(lead.bundle).encoder_sha256 == stated["files"]["weights.safetensors"]


def test_an_identity_that_differs_is_refused_whatever_the_format(tmp_path: Path) -> None:
    for number, patient in enumerate(("P1", "P2")):
        (tmp_path / f"{number}.txt").write_text(lead_text(80, patient), encoding="utf-8")
    with pytest.raises(MixedStudies) as refused:
        SERVED_LEAD.open_study([tmp_path], IngestLimits())
    assert "P1" not in str(refused.value)
