"""PlanarConfiguration that contradicts the data: the picture decides, where it is clear."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid

from service.ingest.dicom.pixels.planes import lies_by_plane
from tests import dicom_files as make
from tests.model.echo.sector_clips import SCENES, render, scaled
from tests.service.ingest.reading import difference, read_clip

SMALL = scaled(SCENES["phased"], 0.25)
CLIPS = {
    "grey": render(SMALL).frames_rgb[:9],
    "flow": render(scaled(SCENES["wide"], 0.25)).frames_rgb[:9],
    "an odd size": np.ascontiguousarray(render(SMALL).frames_rgb[:9, :119, :157]),
}


def stored(frames: NDArray[np.uint8], *, by_plane: bool) -> NDArray[np.uint8]:
    """The frames as they lie in the element."""
    return np.ascontiguousarray(np.moveaxis(frames, -1, 1) if by_plane else frames)


@pytest.mark.parametrize("stated", [0, 1])
@pytest.mark.parametrize("by_plane", [False, True])
@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_either_order_is_read_whatever_is_stated(
    tmp_path: Path, name: str, photometric: str, *, by_plane: bool, stated: int
) -> None:
    frames = CLIPS[name]
    samples = frames if photometric == "RGB" else make.to_ybr(frames)
    dataset = make.dataset_of(samples, photometric, PlanarConfiguration=stated)
    make._set_pixels(dataset, stored(samples, by_plane=by_plane).tobytes(), 8)
    path = make.save(tmp_path / "1", dataset, uid.ExplicitVRLittleEndian)
    assert difference(read_clip(path), frames)[0] <= (0 if photometric == "RGB" else 2)


@pytest.mark.parametrize("stated", [False, True])
@pytest.mark.parametrize("what", ["noise", "black", "one colour"])
def test_a_picture_that_says_nothing_is_read_as_stated(what: str, *, stated: bool) -> None:
    words = np.zeros(3 * 40 * 50, np.uint8)
    if what == "noise":
        words = np.random.default_rng(0).integers(0, 256, words.shape, dtype=np.uint8)
    elif what == "one colour":
        words[:] = 90
    assert lies_by_plane(words, 40, 50, stated=stated) is stated


def test_a_picture_of_one_row_is_read_as_stated() -> None:
    assert not lies_by_plane(np.arange(150, dtype=np.uint8), 1, 50, stated=False)
