from dataclasses import replace
from io import BytesIO

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.sector import Sector, look_at, sector_of
from tests.model.echo.noise_clips import NOISE
from tests.model.echo.sector_clips import SCENES, Scene, SectorClip, render

SURVIVES = 0.95  # of the true sector's pixels: the requirement
ECG_AT_THE_ARC_PX = 120  # a trace that scrolls 4 pixels below the sector may leave the tips of its peaks


def found_in(frames: NDArray[np.uint8], box: tuple[int, int, int, int] | None = None) -> Sector:
    sector = sector_of(look_at(torch.from_numpy(np.ascontiguousarray(frames))), box)
    assert sector is not None
    return sector


def survival(sector: Sector, clip: SectorClip) -> float:
    return float((sector.mask & clip.sector).sum() / clip.sector.sum())


@pytest.mark.parametrize("name", SCENES)
def test_the_sector_survives_and_what_is_burned_in_does_not(name: str) -> None:
    clip = render(SCENES[name])
    sector = found_in(clip.frames_rgb)
    assert survival(sector, clip) >= SURVIVES
    left = int((sector.mask & clip.burned_in).sum())
    assert left <= (ECG_AT_THE_ARC_PX if SCENES[name].ecg == "scroll" else 0)
    assert (sector.mask & ~clip.sector).sum() <= 0.05 * clip.sector.sum()


def test_text_over_the_sector_is_removed_where_it_covers_moving_tissue() -> None:
    scene = Scene(text="none", ecg="none", floor=6)
    clip = render(scene)
    letters = render(replace(scene, gain=0, floor=0, text="around", frames=1)).frames_rgb[0].max(axis=2) > 0
    moved = np.zeros_like(letters)
    moved[180:240, 260:380] = letters[0:60, 0:120]  # the name, in the middle of the picture
    frames = clip.frames_rgb.copy()
    frames[:, moved] = 230
    sector = found_in(frames)
    assert (sector.mask & moved).sum() <= 0.1 * moved.sum()
    assert survival(sector, clip) >= SURVIVES


def test_compressed_video_keeps_the_sector_and_loses_the_text() -> None:
    clip = render(SCENES["text touches"])
    sector = found_in(_h264(clip.frames_rgb))
    assert survival(sector, clip) >= SURVIVES
    assert (sector.mask & clip.burned_in).sum() <= 5  # a pixel where a letter touches the edge; no stroke


def test_a_sector_with_its_apex_down_is_found() -> None:
    clip = render(Scene(ecg="none"))
    sector = found_in(clip.frames_rgb[:, ::-1])
    assert survival(sector, replace(clip, sector=np.flipud(clip.sector))) >= SURVIVES


def test_a_stated_box_takes_away_where_it_fits_and_is_ignored_where_it_does_not() -> None:
    clip = render(SCENES["phased"])
    columns, rows = np.flatnonzero(clip.sector.any(0)), np.flatnonzero(clip.sector.any(1))
    tight = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    boxed = found_in(clip.frames_rgb, tight)
    assert survival(boxed, clip) >= SURVIVES
    outside = np.ones_like(boxed.mask)
    outside[tight[1] : tight[3], tight[0] : tight[2]] = False
    assert not (boxed.mask & outside).any()
    assert survival(found_in(clip.frames_rgb, (0, 0, 200, 200)), clip) >= SURVIVES


def test_a_stated_box_alone_lets_no_text_through() -> None:
    clip = render(SCENES["phased"])
    sector = found_in(clip.frames_rgb, (0, 0, 640, 480))
    assert not (sector.mask & clip.burned_in).any()


@pytest.mark.parametrize("kind", ["uniform", "gaussian", "still", "texture"])
def test_noise_over_the_whole_picture_is_no_sector(kind: str) -> None:
    frames = NOISE[kind](np.random.default_rng(3))
    assert sector_of(look_at(torch.from_numpy(frames))) is None


def test_stillness_is_told() -> None:
    clip = render(Scene(frames=10))
    assert look_at(torch.from_numpy(np.repeat(clip.frames_rgb[:1], 10, axis=0))).still
    assert not look_at(torch.from_numpy(clip.frames_rgb)).still


def _h264(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frames after a round trip through H.264 at a usual quality."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "24"})
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        for frame in [*(av.VideoFrame.from_ndarray(each, format="rgb24") for each in frames), None]:
            container.mux(stream.encode(frame))
    file.seek(0)
    with av.open(file, "r") as container:
        return np.stack([np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)])
