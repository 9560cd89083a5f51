import numpy as np
import pytest

from scripts.rendered.checks.speckle import grain_by_depth, rayleigh_ratio, tracking
from scripts.rendered.phantom.anatomy.grid import REFINEMENT
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.scan.beam import Beamformer, wall_grain
from scripts.rendered.phantom.scan.render import paint_labels, render_beams, scene_of
from scripts.rendered.phantom.scan.scatterers import Displacement
from tests.scripts.rendered.phantom.clips import healthy, small_acquisition


def test_homogeneous_tissue_gives_fully_developed_speckle() -> None:
    assert rayleigh_ratio(3) == pytest.approx(1.91, abs=0.15)


def test_grain_is_as_wide_as_the_beam_at_every_depth() -> None:
    for grain in grain_by_depth(2):
        assert grain.measured_beams == pytest.approx(grain.expected_beams, rel=0.15), grain


def test_speckle_moves_with_the_muscle() -> None:
    tracked, true = tracking(healthy(), 4)
    assert len(true) > 60
    assert np.corrcoef(tracked, true)[0, 1] >= 0.8


def test_calcium_and_metal_cast_a_shadow() -> None:
    former = Beamformer.of(small_acquisition("A4C"), 5, {})
    labels = np.full((1, *former.grid.shape), int(Tissue.LIVER), np.uint8)
    shaded = labels.copy()
    shaded[0, 100:110, 50:70] = int(Tissue.CALCIUM)
    coarse = np.zeros((1, former.grid.samples // REFINEMENT, former.grid.beams // REFINEMENT), np.float32)
    still = Displacement(coarse, coarse)
    free, behind = (next(former.frames(maps, still, coarse + 1, np.array([0])))[140:220] for maps in (labels, shaded))
    assert behind[:, 54:66].mean() < 0.2 * free[:, 54:66].mean()
    np.testing.assert_allclose(behind[:, 5:30].mean(), free[:, 5:30].mean(), rtol=1e-3)


def test_walls_along_the_beam_fade() -> None:
    acquisition = small_acquisition("A4C")
    grid = Beamformer.of(acquisition, 5, {}).grid
    scene, _ = scene_of(healthy(), acquisition, np.array([0]), grid)
    grain = wall_grain(scene, grid)[0]
    wall = paint_labels(scene, grid)[0, REFINEMENT // 2 :: REFINEMENT, REFINEMENT // 2 :: REFINEMENT] == Tissue.LV_WALL
    rows = np.flatnonzero(wall.any(axis=1))
    apex, sides = rows[:3], rows[8:12]
    assert grain[apex][wall[apex]].mean() > grain[sides][wall[sides]].mean() + 0.3


def test_a_frame_does_not_depend_on_the_others_that_are_drawn() -> None:
    acquisition = small_acquisition("A4C_MV")
    every = render_beams(healthy(), acquisition, 6, np.arange(6))
    some = render_beams(healthy(), acquisition, 6, np.array([1, 4]))
    np.testing.assert_array_equal(every.grey[[1, 4]], some.grey)
    assert every.colour is not None
    assert some.colour is not None
    np.testing.assert_array_equal(every.colour.velocity[[1, 4]], some.colour.velocity)
