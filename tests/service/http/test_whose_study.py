"""A zip of several studies over HTTP: refused by position, and no local name in the answer or the log."""

import io
import zipfile
from dataclasses import replace

import numpy as np
from fastapi.testclient import TestClient

from service.http.app import create_app
from service.modalities.echo.files import open_study
from tests import dicom_files as make
from tests.service.conftest import MakeSettings, wait_until
from tests.service.invented import InventedPipeline, invented_workings


def test_a_zip_of_several_folders_is_refused_by_position(
    make_settings: MakeSettings, pipeline: InventedPipeline, log: io.StringIO
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for turn, name in enumerate(("DOE_JANE", "ROE_RICHARD")):
            archive.writestr(f"{name}/clip.mp4", make.encode_video(np.roll(make.moving_frames(), turn, axis=1)))
    workings = replace(invented_workings(pipeline), open_study=open_study)
    with TestClient(create_app(make_settings(), workings), base_url="http://localhost") as client:
        wait_until(lambda: client.get("/readyz").status_code == 200)
        answer = client.post("/report", files=[("files", ("WARD.zip", packed.getvalue()))])
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["positions"]) == (422, "several_studies", [1, 2])
    assert not [name for name in ("DOE", "ROE", "WARD", "clip.mp4") if name in answer.text + log.getvalue()]
