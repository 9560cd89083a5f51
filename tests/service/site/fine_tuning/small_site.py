"""A site whose studies differ by their brightness, and whose reports say so; a bundle of tiny networks."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from model.bundle import BundleManifest
from model.checkpoint import save_weights
from model.echo.phrases.reader import english
from model.report.text_encoder.text_encoder import TextEncoderConfig, build_text_encoder
from service.site.decoder_training.report_tokenizer import report_tokenizer
from tests.model.echo.small_echo import DIMENSION, VIDEO_ENCODER, VIEW_CLASSIFIER, write_echo_bundle

CINE = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))
MAPPING = "study: Study\npatient: Patient\nsplit: Split\nsections: {Mitral Valve: MV, Left Ventricle: LV}\n"
_FRAMES = 10
_SAID = ("No mitral regurgitation.", "Mild mitral regurgitation.", "Severe mitral regurgitation.")


def write_site(folder: Path, studies: int) -> None:
    """studies/, reports.csv and columns.yaml: a study a patient, the last half held out, and two that do not fit."""
    cine = dcmread(CINE)
    cine.decompress()
    frames = cine.pixel_array[:_FRAMES]
    cine.NumberOfFrames = _FRAMES
    rows = []
    for number in range(studies):
        home = folder / "studies" / f"S{number}"
        home.mkdir(parents=True)
        level = number % len(_SAID)
        cine.PixelData = (frames * (0.4 + 0.3 * level)).astype(np.uint8).tobytes()
        cine.SOPInstanceUID = generate_uid(entropy_srcs=[str(number)])
        cine.save_as(home / "clip.dcm")
        split = "train" if number < studies // 2 else "test"
        rows.append((f"S{number}", f"P{number}", split, _SAID[level], "Normal left ventricular size."))
    (folder / "studies" / "unsigned").mkdir()
    with (folder / "reports.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Study", "Patient", "Split", "MV", "LV"))
        writer.writerows([*rows, ("S-gone", "P-gone", "train", _SAID[0], "")])
    (folder / "columns.yaml").write_text(MAPPING)


def write_bundle_with_text(folder: Path, *, text: bool = True) -> BundleManifest:
    """The tiny echo bundle, with a text encoder of ours unless not wanted."""
    folder.mkdir(parents=True)
    networks: dict[str, Any] = {
        "video_encoder": {**VIDEO_ENCODER, "file": "video_encoder.safetensors"},
        "view_classifier": {**VIEW_CLASSIFIER, "file": "view_classifier.safetensors"},
    }
    if text:
        tokenizer = report_tokenizer(english(), vocabulary=300)
        sizes = TextEncoderConfig(vocabulary=tokenizer.size, embedding_dim=DIMENSION, layers=1, heads=2, width=16)
        save_weights(build_text_encoder(sizes), folder / "text_encoder.safetensors")
        tokenizer.write(folder / "tokenizer.json")
        networks["text_encoder"] = {**sizes.model_dump(), "file": "text_encoder.safetensors"}
    return write_echo_bundle(folder, networks=networks, thresholds={"tavr": 0.5})
