"""What a decoder is asked comes to it as it was; what it could not find is told before it is asked."""

import json
from functools import partial
from pathlib import Path

import pytest

from model.study import Acquisition
from service.ingest.decoding.named_objects import described, made
from service.ingest.decoding.tasks import Read, Recognise, Unpack
from service.ingest.file_list import StoredFile
from service.ingest.formats import AcquisitionFile, FileFormats
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import ECHO_FILES
from tests.service.ingest.decoding.unruly import UnrulyFiles
from tests.service.ingest.reading import ANY_CINES

FILE = StoredFile(Path("/a\udcff b"), is_system_name=True, fault="torn", name="näme", folder="/")


@pytest.mark.parametrize("formats", [ECHO_FILES, ANY_CINES], ids=["echo", "any"])
def test_tasks_come_as_they_were(formats: FileFormats[Acquisition]) -> None:
    limits = IngestLimits(max_files=7)
    files = (AcquisitionFile(2, "ab", Path("/x")),)
    for task in (
        Recognise(FILE, limits, formats),
        Read(FILE, files, limits, formats),
        Unpack(Path("/a"), Path("/b"), limits),
    ):
        assert made(json.loads(json.dumps(described(task)))) == task


def test_a_path_leads_to_the_same_file_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = described(Path("study") / "clip.mp4")
    monkeypatch.chdir("/")
    assert made(told) == tmp_path / "study" / "clip.mp4"


def test_functions_and_partials_go_by_name() -> None:
    again = made(json.loads(json.dumps(described(partial(sorted, key=len)))))
    assert again(["bb", "a"]) == ["a", "bb"]
    assert made(described(Path)) is Path


def test_what_another_process_cannot_find_is_named() -> None:
    class Hidden(UnrulyFiles):
        pass

    for value in (lambda: None, Hidden, FileFormats((Hidden(),), "hidden")):
        with pytest.raises(TypeError, match="must stand in a module"):
            described(value)
