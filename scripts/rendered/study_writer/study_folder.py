"""Writes one synthetic study: clips in a folder, the truth beside the folder."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2

from scripts.rendered.phantom.patient.identity import invented_identity
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.phantom.patient.state import SEGMENTS, HeartState
from scripts.rendered.phantom.scan.render import render_clip
from scripts.rendered.phantom.scan.study import PlannedClip, plan_study
from scripts.rendered.study_writer.dicom_file import FilePlace, write_dicom
from scripts.rendered.study_writer.encoding import ENCODERS, video_bytes

FORMS = (*ENCODERS, "mp4")
# The order in which `mixed` goes round; most exported echo cines are JPEG.
_MIXED = ("jpeg", "rle", "jpeg", "jpeg2000", "mp4", "jpeg", "monochrome2", "h264", "jpeg", "rgb")


@dataclass(frozen=True)
class StudyOrder:
    """What to write. form: one of `FORMS`, or `mixed`."""

    seed: int
    study: int
    form: str
    prior: Prior
    clips: int | None = None


@dataclass(frozen=True)
class ClipOrder:
    """One file to write; everything a worker process needs."""

    order: StudyOrder
    state: HeartState
    planned: PlannedClip
    number: int  # of the clip whose pixels these are: a duplicate repeats its original's file byte for byte
    form: str
    path: Path


def orders_of(order: StudyOrder, folder: Path) -> list[ClipOrder]:
    """The files of a study, in upload order."""
    state = state_of(order.seed, order.study, order.prior)
    files = []
    for number, planned in enumerate(plan_study(order.seed, order.study, clips=order.clips)):
        source = number if planned.duplicate_of is None else planned.duplicate_of
        form = form_of(order.form, source, planned)
        suffix = "mp4" if form == "mp4" else "dcm"
        path = folder / str(order.study) / f"clip_{number + 1:03d}.{suffix}"
        files.append(ClipOrder(order, state, planned, source, form, path))
    return files


def form_of(asked: str, number: int, planned: PlannedClip) -> str:
    """The form of clip `number`; colour is never written as grey."""
    if asked != "mixed":
        return asked
    form = _MIXED[number % len(_MIXED)]
    is_colour = "Doppler" in planned.view
    return "jpeg" if is_colour and form == "monochrome2" else form


def write_clip(order: ClipOrder) -> dict[str, Any]:
    """Renders and writes one file; returns its entry in the truth."""
    cv2.setNumThreads(1)
    planned, acquisition = order.planned, order.planned.acquisition
    identity_seed = order.order.seed * 100_003 + order.order.study
    clip = render_clip(order.state, planned.view, acquisition, planned.noise_seed, identity_seed=identity_seed)
    order.path.parent.mkdir(parents=True, exist_ok=True)
    if order.form == "mp4":
        order.path.write_bytes(video_bytes(clip.frames_rgb, clip.frame_rate_hz, container="mp4"))
    else:
        place = FilePlace(order.order.seed, order.order.study, order.number + 1, invented_identity(identity_seed))
        write_dicom(order.path, clip, acquisition, order.form, place)
    return {
        "file": order.path.name,
        "form": order.form,
        "view": planned.view,
        "subview": acquisition.subview,
        "look": acquisition.look,
        "quality": round(acquisition.quality, 4),
        "flaw": planned.flaw,
        "frames": acquisition.frames,
        "frame_rate_hz": round(acquisition.frame_rate_hz, 4),
        "start_phase": round(clip.start_phase, 4),
        "drawn_text": list(clip.drawn_text),
    }


def write_truth(order: StudyOrder, folder: Path, clips: list[dict[str, Any]]) -> Path:
    """Writes STUDY.truth.json beside the study's folder, so that posting the folder never posts the truth."""
    state = state_of(order.seed, order.study, order.prior)
    variables = asdict(state)
    variables["wall_motion"] = {
        name: score.name.lower() for name, score in zip(SEGMENTS, state.wall_motion, strict=True)
    }
    truth = {
        "notice": "A rendered heart of nobody. Never an input of the service.",
        "seed": order.seed,
        "study": order.study,
        "prior": order.prior,
        "state": variables,
        "phenotypes": labels_of(state),
        "clips": clips,
    }
    path = folder / f"{order.study}.truth.json"
    path.write_text(json.dumps(truth, indent=1, sort_keys=False) + "\n", encoding="utf-8")
    return path
