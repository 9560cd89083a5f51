"""A clip with its chambers outlined, as pictures for whoever owns it: every frame, and the frames measured.

Only what lies within the sector's mask is drawn, so that no burned-in text gets into the pictures.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.modality import EchoModality
from model.echo.preprocessing.preprocess import shown_pictures
from model.echo.tracing.chambers import CHAMBERS
from model.echo.tracing.clip_trace import ClipTrace
from model.echo.tracing.crop import CropPlace
from model.echo.tracing.outlines import outline
from model.echo.tracing.runs import RUN_RATE_HZ
from model.echo.tracing.traced_picture import TracerCut
from model.echo.tracing.tracer import Tracer, is_traced
from model.errors import ClipRejected
from model.measurement import Measurement
from model.study import Clip, SkippedClip

SIDE = 480  # pixels of a drawn picture
_MOST = 4  # pictures of a montage
_STRIP = 72  # pixels below it, for the curve of the left ventricle's area
# RGB, told apart by the colour-blind too (Okabe and Ito 2008).
COLOURS = {
    "lv": (230, 159, 0),
    "myocardium": (204, 121, 167),
    "la": (86, 180, 233),
    "rv": (0, 158, 115),
    "ra": (240, 228, 66),
}


@dataclass(frozen=True, eq=False)
class DrawnClip:
    """A traced picture of a clip. frames: uint8 (T, H, W, 3) RGB with outlines and curve.

    key_frames: rows of the end-diastoles and end-systoles.
    """

    name: str
    frames: NDArray[np.uint8]
    frame_rate_hz: float
    key_frames: tuple[int, ...]
    measurements: tuple[Measurement, ...]
    trace: ClipTrace

    def montage(self) -> NDArray[np.uint8]:
        """uint8 (H, W, 3): the first key frames side by side; frames over the clip where no beat was found."""
        spread = range(0, len(self.frames), max(1, len(self.frames) // _MOST))
        chosen = [self.frames[place] for place in (self.key_frames or spread)[:_MOST]]
        chosen += [np.zeros_like(self.frames[0])] * (_MOST - len(chosen))
        return np.concatenate(chosen, axis=1)


def draw_clip(modality: EchoModality, clip: Clip, view: str | None = None) -> list[DrawnClip | SkippedClip]:
    """Each picture of a clip that was read whole, every frame traced, or why it is not.

    view: what it shows, where the user knows better than the classifier. Raises ClipRejected, ValueError without
    a tracer.
    """
    if modality.tracer is None:
        raise ValueError("this bundle has no tracer")
    prepared = modality.prepare(clip)
    used = [one for one in prepared if not isinstance(one, SkippedClip)]
    if not used:
        return [one for one in prepared if isinstance(one, SkippedClip)]
    embedding = modality.encode(used)
    stored = clip.frames_rgb.shape[1:3]
    square, frames, found = shown_pictures(clip, modality.preprocessing, torch.device("cpu"))
    pictures = {picture.panel: picture for picture in found}
    drawn: list[DrawnClip | SkippedClip] = []
    for number, one in enumerate(used):
        shown = pictures[one.panel].shown
        assert shown is not None, "a picture that was prepared has a sector"
        probability, place = embedding.view_probabilities[number].max(dim=0)
        said = (view, 1.0) if view else (embedding.views[int(place)], float(probability))
        traced = TracerCut(modality.tracer.size, stored).of_all(square, frames, shown)
        step = max(1, round(1 / traced.step_s / RUN_RATE_HZ))
        trace = modality.tracer.trace(one.name, said, traced, step=step, hop=1)
        drawn.append(_drawn(modality.tracer, trace, _square(frames, shown.mask, traced.place)))
    return drawn


def _drawn(tracer: Tracer, trace: ClipTrace, pictures: list[NDArray[np.uint8]]) -> DrawnClip:
    """The trace over its pictures."""
    is_known = is_traced(trace.view)
    beats = trace.beats if is_known else ()
    return DrawnClip(
        f"clip {trace.name[0]}, {trace.view} ({trace.view_probability:.0%})",
        np.stack([_outlined(picture, trace, row) for row, picture in enumerate(pictures)]),
        1 / trace.picture.step_s,
        tuple(sorted({place for beat in beats for place in (beat.end_diastole, beat.end_systole)})),
        tracer.measure([trace]).measurements if is_known else (),
        trace,
    )


def _square(frames: torch.Tensor, mask: torch.Tensor | None, place: CropPlace) -> list[NDArray[np.uint8]]:
    """The square that the tracer read, at the drawn size, masked."""
    height, width = frames.shape[1:3]
    x0, y0, x1, y1 = place.box
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    out = []
    for frame in frames:
        part = frame[top:bottom, left:right]
        if mask is not None:
            part = part * mask[top:bottom, left:right, None]
        whole = cv2.copyMakeBorder(part.numpy(), top - y0, y1 - bottom, left - x0, x1 - right, cv2.BORDER_CONSTANT)
        turned = whole[::-1] if place.upside_down else whole
        turned = turned[:, ::-1] if place.mirrored else turned
        resized = cv2.resize(np.ascontiguousarray(turned), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        out.append(np.asarray(resized, np.uint8))
    return out


def _outlined(picture: NDArray[np.uint8], trace: ClipTrace, row: int) -> NDArray[np.uint8]:
    drawn = picture.copy()
    scale = SIDE / trace.picture.grey.shape[1]
    for chamber in reversed(CHAMBERS):
        points = outline(trace.mask(chamber, row))
        if len(points) > 2:
            line = (points * scale * 16).round().astype(np.int32)
            cv2.polylines(
                drawn, [line], isClosed=True, color=COLOURS[chamber], thickness=2, lineType=cv2.LINE_AA, shift=4
            )
    return np.concatenate([drawn, _curve(trace, row)])


def _curve(trace: ClipTrace, row: int) -> NDArray[np.uint8]:
    """The area of the left ventricle over the clip, with this frame marked."""
    strip = np.zeros((_STRIP, SIDE, 3), np.uint8)
    area = trace.area("lv")
    low, high = float(area.min()), max(float(area.max()), float(area.min()) + 1)
    x = np.linspace(8, SIDE - 8, len(area))
    y = _STRIP - 8 - (area - low) / (high - low) * (_STRIP - 16)
    points = np.stack([x, y], axis=1).round().astype(np.int32)
    cv2.polylines(strip, [points], isClosed=False, color=COLOURS["lv"], thickness=1, lineType=cv2.LINE_AA)
    for beat in trace.beats:
        for place, colour in ((beat.end_diastole, (255, 255, 255)), (beat.end_systole, (150, 150, 150))):
            cv2.circle(strip, points[place].tolist(), 4, colour, 1, cv2.LINE_AA)
    cv2.circle(strip, points[row].tolist(), 3, (255, 255, 255), -1, cv2.LINE_AA)
    return strip


def drawn_of(
    modality: EchoModality, clips: Iterator[Clip | SkippedClip], view: str | None
) -> Iterator[DrawnClip | SkippedClip]:
    """The drawn pictures of clips one after the other."""
    for clip in clips:
        if isinstance(clip, SkippedClip):
            yield clip
            continue
        try:
            yield from draw_clip(modality, clip, view)
        except ClipRejected as rejected:
            yield SkippedClip(clip.position, clip.sha256, rejected.reason, rejected.text)
