"""Published vulnerabilities of programs like this one, by name: the payload of each, and what becomes of it here.

Source of the list: advisories of pydicom, pynetdicom, GDCM, Orthanc, DCMTK, PyTorch and Starlette up to 2026.
"""

import gzip
import importlib.metadata
import importlib.util
import io
import re
import warnings
import zipfile
from pathlib import Path
from struct import pack

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from packaging.version import Version
from pydicom import uid
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset

from model.checkpoint import stored_tensors
from model.errors import BundleCorrupt
from model.study import SkippedClip, SkipReason
from service.ingest.limits import IngestLimits
from tests.dicom_files import dataset_of, moving_frames, save, write_encoded, write_native
from tests.service.conftest import Serve
from tests.service.ingest.attacks.codestreams import J2K, jpeg, rle
from tests.service.ingest.attacks.elements import dicom, element
from tests.service.ingest.reading import open_anything, read_one

ROOT = Path(__file__).parents[4]
CINE = moving_frames(2, 64, 64)


def skipped(path: Path) -> SkipReason:
    found = read_one(path)
    assert isinstance(found, SkippedClip), "the file was read"
    return found.reason


def installed(name: str) -> Version:
    return Version(importlib.metadata.version(name))


def sources() -> str:
    """Everything that serves, as text."""
    return "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("service", "model", "index")
        for path in (ROOT / room).rglob("*.py")
    )


def test_cve_2026_32711_a_dicomdir_that_names_files_outside(tmp_path: Path) -> None:
    assert installed("pydicom") >= Version("3.0.2")
    outside = tmp_path / "outside.dcm"
    write_native(outside, moving_frames(), "RGB")
    record = Dataset()
    with disable_value_validation():
        record.ReferencedFileID = ["PLACE", "OUTSIDE"]  # as long as what takes its place below
    directory = dataset_of(CINE, "RGB")
    directory.SOPClassUID = uid.MediaStorageDirectoryStorage
    directory.DirectoryRecordSequence = [record]
    inside = tmp_path / "study"
    inside.mkdir()
    listed = save(inside / "DICOMDIR", directory, uid.ExplicitVRLittleEndian)
    listed.write_bytes(listed.read_bytes().replace(b"PLACE\\OUTSIDE", b"..\\outside.dcm"[:13]))
    with open_anything([inside / "DICOMDIR"], IngestLimits(decoders=None)) as study:
        (found,) = study.read()
    assert isinstance(found, SkippedClip)
    assert found.reason in {SkipReason.NOT_AN_IMAGE, SkipReason.UNREADABLE}


def test_cve_2026_56445_an_instance_uid_that_is_a_path(tmp_path: Path, serve: Serve) -> None:
    assert importlib.util.find_spec("pynetdicom") is None or "pynetdicom" not in sources()
    hostile = tmp_path / "f.dcm"
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the value is what the test is about
        write_native(hostile, moving_frames(), "RGB", SOPInstanceUID="../../../../escaped")
    with serve() as client:
        files = [("files", ("../../../escaped.dcm", hostile.read_bytes()))]
        assert client.post("/report", files=files).status_code == 200
    assert not list(tmp_path.rglob("*escaped*"))


@pytest.mark.parametrize("name", ["CVE-2025-48429", "CVE-2025-53618", "CVE-2024-22373", "ICSMA-25-345-01"])
def test_gdcm_is_never_loaded_and_its_payloads_are_refused(name: str, tmp_path: Path) -> None:
    assert not re.search(r"^\s*(import|from) gdcm", sources(), re.MULTILINE)
    stream, syntax = {
        "CVE-2025-48429": (rle(3, [64, 0xFFFFFFFF, 0x7FFFFFFF], b"\x81"), uid.RLELossless),
        "CVE-2025-53618": (jpeg((64, 0), 0xC3), uid.JPEGLosslessSV1),
        "CVE-2024-22373": (J2K["blocks_of_1024"], uid.JPEG2000),
        "ICSMA-25-345-01": (J2K["components_16384"], uid.JPEG2000),
    }[name]
    path = write_encoded(tmp_path / "f.dcm", [stream, stream], CINE, "RGB", syntax)
    assert skipped(path) in {SkipReason.UNREADABLE, SkipReason.TOO_LARGE, SkipReason.NEEDS_JPEG_LOSSLESS}


@pytest.mark.parametrize("keyword", ["rows", "columns"])
def test_cve_2026_5437_dimensions_of_another_vr(keyword: str, tmp_path: Path) -> None:
    tag = {"rows": 0x00280010, "columns": 0x00280011}[keyword]
    path = write_native(tmp_path / "f.dcm", moving_frames(), "RGB")
    content = path.read_bytes()
    at = content.index(pack("<HH", tag >> 16, tag & 0xFFFF) + b"US")
    swapped = pack("<HH", tag >> 16, tag & 0xFFFF) + b"UL" + pack("<HL", 4, 0x10001)
    path.write_bytes(content[:at] + swapped + content[at + 10 :])
    assert skipped(path) in {SkipReason.UNREADABLE, SkipReason.TOO_LARGE, SkipReason.NOT_AN_IMAGE}


def test_cve_2026_5438_a_gzip_body_is_refused_unread(serve: Serve) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    with serve() as client:
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Encoding": "gzip"}
        refused = client.post("/report", content=bomb, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_upload")


@pytest.mark.parametrize("name", ["CVE-2026-5439", "CVE-2026-5440", "CVE-2026-5441", "CVE-2026-5442"])
def test_orthanc_sizes_whose_product_overflows(name: str, tmp_path: Path) -> None:
    rows, columns, frames = {
        "CVE-2026-5439": (65535, 65535, 1),
        "CVE-2026-5440": (65535, 65535, 2),
        "CVE-2026-5441": (32768, 65535, 4),
        "CVE-2026-5442": (16384, 16384, 2**31 - 1),
    }[name]
    path = write_native(tmp_path / "f.dcm", moving_frames(), "RGB", Rows=rows, Columns=columns, NumberOfFrames=frames)
    assert skipped(path) in {SkipReason.UNREADABLE, SkipReason.TOO_LARGE, SkipReason.STILL_IMAGE}


@pytest.mark.parametrize("name", ["CVE-2026-5443", "CVE-2026-5444", "CVE-2026-5445"])
def test_orthanc_palettes(name: str, tmp_path: Path) -> None:
    """A palette shorter than its pixels' values, one whose length overflows, and one that is not there."""
    palette = {
        "CVE-2026-5443": ([16, 0, 16], bytes(32)),
        "CVE-2026-5444": ([0, 0, 16], bytes(32)),
        "CVE-2026-5445": (None, b""),
    }[name]
    stored = np.full((2, 16, 16), 255, np.uint8)
    tags: dict[str, object] = {}
    if palette[0] is not None:
        for colour in ("Red", "Green", "Blue"):
            tags[f"{colour}PaletteColorLookupTableDescriptor"] = palette[0]
            tags[f"{colour}PaletteColorLookupTableData"] = palette[1]
    path = write_native(tmp_path / "f.dcm", stored, "PALETTE COLOR", **tags)  # type: ignore[arg-type]  # values by keyword
    found = read_one(path)
    if isinstance(found, SkippedClip):
        assert found.reason in {SkipReason.UNREADABLE, SkipReason.SECTOR_NOT_FOUND}
    else:
        assert int(found.frames_rgb.max()) == 0, "a value beyond the palette takes its last entry (PS3.3 C.7.6.3.1.5)"


@pytest.mark.parametrize("name", ["CVE-2026-44034", "CVE-2026-44038"])
def test_dcmtk_headers_of_rle_and_tables_of_huffman(name: str, tmp_path: Path) -> None:
    good = jpeg((64, 64))
    at = good.index(b"\xff\xc4")
    broken = good[: at + 5] + b"\xff" * 16 + good[at + 21 :]
    stream, syntax = {
        "CVE-2026-44034": (pack("<16L", 0xFFFFFFFF, *range(15)), uid.RLELossless),
        "CVE-2026-44038": (broken, uid.JPEGBaseline8Bit),
    }[name]
    path = write_encoded(tmp_path / "f.dcm", [stream, stream], CINE, "RGB", syntax)
    assert skipped(path) is SkipReason.UNREADABLE


def test_cve_2026_50003_no_name_of_a_file_is_a_path(tmp_path: Path, serve: Serve) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../escaped.dcm", b"x")
    with serve() as client:
        client.post("/report", files=[("files", ("../../escaped.zip", packed.getvalue()))])
    assert not list(tmp_path.rglob("*escaped*"))


@pytest.mark.parametrize("name", ["CVE-2025-32434", "CVE-2026-24747", "CVE-2026-4538"])
def test_pytorch_weights_that_run_code_are_no_weights(name: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    torch.save({"weight": torch.zeros(1)}, path)
    with pytest.raises(BundleCorrupt):
        stored_tensors(path)
    assert "torch.load(" not in sources().replace("torch.load(path, map_location", "").replace("`torch.load(", ""), name
    assert installed("torch") >= Version("2.10")


def test_pickles_of_upstream_are_never_executed() -> None:
    assert not re.search(r"pickle\.loads?\(", sources())


def test_cve_2024_47874_parts_without_end_are_bounded(serve: Serve) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n\r\n'
    with serve() as client:
        refused = post(client, part * 20_000)
        assert refused in {400, 413, 422}


def test_cve_2025_54121_uploads_are_written_beside_the_event_loop() -> None:
    assert installed("starlette") >= Version("0.47.2")
    assert "to_thread.run_sync(self._write_all" in (ROOT / "service/study/upload.py").read_text(encoding="utf-8")


def test_cve_2025_62727_ranges_are_not_parsed(serve: Serve) -> None:
    assert installed("starlette") >= Version("0.49.1")
    assert "FileResponse" not in sources()
    with serve() as client:
        assert client.get("/info", headers={"Range": "bytes=" + "0-1," * 20_000}).status_code in {200, 400, 431}


def post(client: TestClient, body: bytes) -> int:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return client.post("/report", content=body + b"--x--\r\n", headers=headers).status_code


def test_an_element_longer_than_its_file(tmp_path: Path) -> None:
    path = dicom(tmp_path / "f.dcm", element(0x00280010, b"UN", b"", 0xFFFFFFF0))
    assert skipped(path) is SkipReason.UNREADABLE
