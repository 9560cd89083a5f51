import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from scripts.rendered.checks.anatomy import jet_area
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.views import SUBVIEWS, SUBVIEWS_OF_VIEW
from scripts.rendered.phantom.patient.state import Grade
from scripts.rendered.phantom.scan.acquisition import TRAINING_LOOKS, draw_acquisition
from scripts.rendered.phantom.scan.doppler import JET_CODES
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS
from scripts.rendered.phantom.scan.render import render_clip
from tests.scripts.rendered.phantom.clips import healthy, small_acquisition

_DIGEST = """
import hashlib
from scripts.rendered.phantom.scan.render import render_clip
from tests.scripts.rendered.phantom.clips import healthy, small_acquisition
clip = render_clip(healthy(), "Apical_Doppler", small_acquisition("A4C_MV", frames=3), 11)
print(hashlib.sha256(clip.frames_rgb.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("subview", sorted(SUBVIEWS))
def test_every_sub_view_renders_and_moves(subview: str) -> None:
    acquisition = small_acquisition(subview, frames=3)
    clip = render_clip(healthy(), acquisition.view, acquisition, 3, with_truth=True)
    assert clip.frames_rgb.shape == (3, 240, 320, 3)
    inside = clip.frames_rgb[:, clip.sector_mask]
    assert 8 < inside.mean() < 140
    assert np.abs(np.diff(inside.astype(int), axis=0)).mean() > 0.5
    assert clip.labels is not None
    assert (clip.labels[:, ~clip.sector_mask] == Tissue.OUTSIDE).all()
    assert (clip.labels[:, clip.sector_mask] != Tissue.OUTSIDE).all()
    assert (clip.jets is not None) == bool(SUBVIEWS[subview].colour)


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    digests = {
        subprocess.run([sys.executable, "-c", _DIGEST], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(digests) == 1


def test_noise_seed_changes_speckle_and_nothing_else() -> None:
    acquisition = small_acquisition("A4C", frames=2)
    one, two = (render_clip(healthy(), "A4C", acquisition, seed, identity_seed=1, with_truth=True) for seed in (1, 2))
    assert one.labels is not None
    assert two.labels is not None
    np.testing.assert_array_equal(one.labels, two.labels)
    assert (one.frames_rgb[:, one.sector_mask] != two.frames_rgb[:, two.sector_mask]).mean() > 0.3
    np.testing.assert_array_equal(one.frames_rgb[:, ~one.sector_mask], two.frames_rgb[:, ~two.sector_mask])


def test_nothing_is_drawn_over_the_sector_and_something_outside() -> None:
    acquisition = small_acquisition("A4C", frames=2)
    plain, other = (render_clip(healthy(), "A4C", acquisition, 4, identity_seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(plain.frames_rgb[:, plain.sector_mask], other.frames_rgb[:, other.sector_mask])
    assert plain.drawn_text[0] != other.drawn_text[0]
    assert (plain.frames_rgb[:, ~plain.sector_mask] > 100).any()


def test_a_wrong_view_is_refused() -> None:
    with pytest.raises(ValueError, match="is of A4C"):
        render_clip(healthy(), "SSN", small_acquisition("A4C"), 1)


def test_jets_grow_with_the_grade_and_flow_in_their_part_of_the_beat() -> None:
    areas = [jet_area(replace(healthy(), mitral_regurgitation=grade), "A4C_MV", "MR") for grade in Grade]
    assert areas[0] == 0
    assert areas[1] < areas[2] < areas[3] < areas[4]
    assert areas[4] > 5.0
    acquisition = small_acquisition("A4C_MV", frames=8, frame_rate_hz=9.0)
    clip = render_clip(
        replace(healthy(), mitral_regurgitation=Grade.SEVERE), "Apical_Doppler", acquisition, 5, with_truth=True
    )
    assert clip.jets is not None
    seen = (clip.jets == JET_CODES["MR"]).any(axis=(1, 2))
    assert seen[1:3].all()  # 0.11 and 0.22 s after the R wave
    assert not seen[5:7].any()  # 0.55 to 0.7 s: the valve is open


def test_colour_shows_no_jet_of_a_valve_outside_its_box() -> None:
    assert jet_area(replace(healthy(), tricuspid_regurgitation=Grade.SEVERE), "A2C_MV", "TR") == 0


def test_acquisitions_know_their_views_and_looks() -> None:
    rng = np.random.default_rng(5)
    for view, subviews in SUBVIEWS_OF_VIEW.items():
        drawn = [draw_acquisition(rng, view) for _ in range(12)]
        assert {acquisition.subview for acquisition in drawn} <= set(subviews)
        assert not {acquisition.look for acquisition in drawn} & set(HELD_OUT_LOOKS)
    assert len(TRAINING_LOOKS) >= 4
    assert len(HELD_OUT_LOOKS) == 2
    with pytest.raises(ValueError, match="does not belong"):
        replace(draw_acquisition(rng, "A4C"), subview="SSN")
