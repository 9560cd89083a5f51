"""Traced clips of the command line: read, drawn by their modality, written as video and picture."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from model.bundle import read_bundle
from model.device import choose_placement
from model.study import SkippedClip
from service.artifacts import set_threads
from service.errors import InvalidField
from service.modalities.registry import DrawnTrace, served
from service.settings import Settings
from service.study.runner import ingest_limits


def drawn_clips(path: Path, view: str | None, given: Mapping[str, Any]) -> tuple[list[DrawnTrace], list[SkippedClip]]:
    """The drawn pictures of a clip, and what is not traced with its reason. Raises ServiceError, BundleError.

    given: settings that go before the environment's.
    """
    settings = Settings.model_validate({**Settings().model_dump(), **given})
    set_threads(settings.threads, settings.bundle)
    manifest = read_bundle(settings.bundle)
    modality = served(manifest.modality)
    if modality.draw is None or "tracer" not in manifest.networks:
        raise InvalidField(f"bundle {manifest.name!r} has no tracer: it outlines nothing", field="bundle")
    if view is not None and view not in manifest.views:
        raise InvalidField(f"--view: must be one of {', '.join(manifest.views)}", field="--view")
    networks = modality.build(manifest, settings.bundle, choose_placement(settings.device))
    with modality.open_study([path], ingest_limits(settings)) as study:
        read = [reader() for reader in study.readers(None)]
        found = list(modality.draw(networks, iter(read), view))
    return (
        [one for one in found if not isinstance(one, SkippedClip)],
        [one for one in found if isinstance(one, SkippedClip)],
    )


def write_video(drawn: Sequence[DrawnTrace], path: Path) -> None:
    """An MP4 of all drawn frames, one clip after the other. Raises OSError."""
    with av.open(str(path), "w", format="mp4") as container:
        height, width = drawn[0].frames.shape[1:3]
        rate = Fraction(drawn[0].frame_rate_hz).limit_denominator(1000)
        stream = container.add_stream("libx264", rate=rate, options={"crf": "23"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for clip in drawn:
            for picture in clip.frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def write_picture(drawn: Sequence[DrawnTrace], path: Path) -> None:
    """A PNG of the frames that were measured. Raises OSError."""
    picture = np.concatenate([clip.montage() for clip in drawn])
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
