"""A ten-line invented modality goes through create_app and POST /report with the shipped reader and pipeline."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from model.device import choose_placement
from model.study import Clip
from scripts.sample_study import write_sample_study
from service.artifacts import load_pipeline
from service.http.app import create_app
from service.modalities.echo.files import open_study
from service.schemas import ReportDocument
from service.settings import Settings
from service.study.runner import StudyPipeline, Workings
from tests.dicom_files import large_zip
from tests.service.conftest import MakeSettings, uploads_left, wait_until
from tests.toy_modality import TOY, toy_clip, write_toy


def toy_workings(folder: Path) -> Workings:
    paths = write_toy(folder)

    def load(_: Settings) -> StudyPipeline:
        return load_pipeline(paths, choose_placement("cpu"))

    def warm_up() -> list[Clip]:
        return [toy_clip(1, (9, 9, 9))]

    return Workings(load=load, open_study=open_study, warm_up=warm_up)


def test_real_files_become_a_report_of_another_modality(make_settings: MakeSettings, tmp_path: Path) -> None:
    files = write_sample_study(tmp_path)
    app = create_app(make_settings(), toy_workings(tmp_path / "toy"))
    with TestClient(app, base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        posted = client.post("/report", files=[("files", (path.name, path.read_bytes())) for path in files])
        assert posted.status_code == 200, posted.text
        document = ReportDocument.model_validate_json(posted.content)
        assert [section.name for section in document.sections] == list(TOY.sections)
        assert [(clip.used, clip.skipped) for clip in document.clips] == [
            (True, None),
            (True, None),
            (False, "unreadable"),
        ]
        listed = client.get("/phenotypes").json()["studies"][0]
        assert listed["phenotypes"] == posted.json()["phenotypes"]
        assert uploads_left(app) == []


def test_a_mixed_study_and_a_zip_through_http(make_settings: MakeSettings, tmp_path: Path) -> None:
    files = write_sample_study(tmp_path)
    packed = tmp_path / "study.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in files:
            archive.write(path, f"MARIA^MUSTER/{path.name}")
    with TestClient(create_app(make_settings(), toy_workings(tmp_path / "toy")), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        one = client.post("/report", files={"files": packed.read_bytes()})
        assert [clip["used"] for clip in one.json()["clips"]] == [True, True, False]
        assert "MARIA" not in one.text


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_of_a_study_of_a_real_size_through_http(make_settings: MakeSettings, tmp_path: Path, method: int) -> None:
    """Each member has more packed bytes (noise does not shrink) than the archive's directory may have."""
    packed = large_zip(tmp_path, method)
    with TestClient(create_app(make_settings(), toy_workings(tmp_path / "toy")), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        with packed.open("rb") as file:
            answer = client.post("/report", files={"files": file})
        assert [clip["used"] for clip in answer.json()["clips"]] == [True, True]


# Which libraries the main path really uses, in a process of its own: posting a study, reading it as text, listing it.
MAIN_PATH = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
import service.cli.commands  # the command that serves
from scripts.sample_study import write_sample_study
from service.http.app import create_app
from service.modalities.registry import MODALITIES
from service.settings import Settings
from tests.service.conftest import wait_until
from tests.service.test_other_modality import toy_workings
from tests.toy_modality import SERVED_TOY

MODALITIES["toy"] = SERVED_TOY
folder = Path(sys.argv[1])
values = {"store": folder / "s.sqlite3", "upload_folder": folder, "neighbours": 5, "threads": 1}
workings = toy_workings(folder / "toy")
with TestClient(create_app(Settings.model_validate(values), workings), base_url="http://localhost") as client:
    wait_until(lambda: client.get("/readyz").status_code == 200)
    files = [("files", ("a", path.read_bytes())) for path in write_sample_study(folder)]
    assert client.post("/report", files=files, headers={"Accept": "text/plain"}).status_code == 200
    assert len(client.get("/phenotypes").json()["studies"]) == 1
print(" ".join(sorted(sys.modules)))
"""
PACKAGES = ("torch", "torchvision", "faiss", "fastapi", "uvicorn", "pydantic", "numpy", "pandas", "av", "pydicom")


def test_each_library_is_on_the_main_path(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", MAIN_PATH, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stdout.split())
    assert [name for name in PACKAGES if name not in loaded] == []
