"""Pictures of every view that are wider than any lab's: what the view classifier learns beside usual clips.

They are cut as the service cuts clips, but not tinted: a pixel whose channels differ shows flow, all others are grey.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.grid import BeamGrid
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.scan.beam import wall_grain
from scripts.rendered.phantom.scan.render import coloured, paint_labels, render_beams, scene_of
from scripts.rendered.phantom.scan.scanner import ScanConverter, compress
from scripts.rendered.phantom.scan.scatterers import displacement
from scripts.rendered.phantom.scan.study import noise_seed_of
from scripts.rendered.phantom.scan.tensors import ClipRecipe, input_fan, reduced
from scripts.rendered.tracing.frames import beamformer_of, wide_heart
from scripts.rendered.tracing.wide_acquisition import WideAcquisition, draw_brightness, draw_wide

# Near the shares of a usual protocol among grey clips, but none is rare: the classifier must know them all.
VIEW_SHARES = {
    "A4C": 0.14,
    "A2C": 0.11,
    "A3C": 0.11,
    "A5C": 0.11,
    "Apical_Doppler": 0.06,
    "Parasternal_Long": 0.11,
    "Doppler_Parasternal_Long": 0.05,
    "Parasternal_Short": 0.11,
    "Doppler_Parasternal_Short": 0.05,
    "SSN": 0.06,
    "Subcostal": 0.09,
}
# Beyond these a cut is no longer the view that it is called: a third of the way to the next apical view (A4C 30°,
# A2C 90°, A3C 145°), and less than half of the 11° of tilt between A4C and A5C.
_ROTATION_DEG, _TILT_DEG = 20.0, 4.5
# The free wall of the right heart and the atria are thin and lie along the beams of an apical view: in real hearts they
# are often hardly seen, and the ventricles' septum alone says that there are two.
_FADED_SHARE, _FADED_DB = 0.45, (4.0, 22.0)
_THIN_WALLS = (Tissue.RV_WALL, Tissue.RA_WALL, Tissue.LA_WALL)
_AROUND_DB = 5.0  # deviation: what lies behind the heart is anything from black to as bright as its wall
_STREAM = 51  # of a picture's draws
FRAMES = 2  # of a clip, two apart: another moment of the beat


@dataclass(frozen=True, eq=False)
class WidePictures:
    """Frames of one clip. view: its name. rgb: uint8 (FRAMES, S, S, 3), of a clip with colour the most coloured."""

    view: str
    rgb: NDArray[np.uint8]


def view_of(seed: int, number: int) -> str:
    """The view of clip `number`."""
    rng = np.random.default_rng([seed, number, _STREAM, 0])
    return str(rng.choice(np.array(list(VIEW_SHARES)), p=np.array(list(VIEW_SHARES.values()))))


def acquisition_of(seed: int, number: int) -> WideAcquisition:
    """The acquisition of clip `number`: off its plane as far as its name stays true, by a scanner without a tint."""
    drawn = draw_wide(np.random.default_rng([seed, number, _STREAM, 1]), view_of(seed, number))
    return replace(
        drawn,
        rotation_deg=float(np.clip(drawn.rotation_deg, -_ROTATION_DEG, _ROTATION_DEG)),
        tilt_deg=float(np.clip(drawn.tilt_deg, -_TILT_DEG, _TILT_DEG)),
        own_look=replace(drawn.scanner, tint=(1.0, 1.0, 1.0)),
    )


def wide_pictures(seed: int, number: int, size: int) -> WidePictures:
    """Clip `number` of a seed: another patient each."""
    acquisition, rng = acquisition_of(seed, number), np.random.default_rng([seed, number, _STREAM, 2])
    offset = (float(rng.normal(0, 0.02)), float(rng.normal(0, 0.015)), float(abs(rng.normal(0, 0.03))))
    recipe = ClipRecipe(wide_heart(seed, number), acquisition, noise_seed_of(seed, number, 0), offset)
    rgb = _rendered(recipe, brightness_of(rng), size)
    flow = np.ptp(rgb, axis=3).sum(axis=(1, 2))
    shown = np.sort(np.argsort(-flow, kind="stable")[:FRAMES])
    return WidePictures(acquisition.view, rgb[shown])


def brightness_of(rng: np.random.Generator) -> dict[Tissue, float]:
    """DB by which each tissue of a heart is brighter than usual; walls along the beam and what lies around it most."""
    levels = draw_brightness(rng)
    levels[Tissue.SURROUNDINGS] += float(rng.normal(0, _AROUND_DB))
    levels[Tissue.LUNG] += float(rng.normal(0, _AROUND_DB))
    if rng.random() < _FADED_SHARE:
        faded = float(rng.uniform(*_FADED_DB))
        levels |= {tissue: levels[tissue] - faded * float(rng.uniform(0.5, 1)) for tissue in _THIN_WALLS}
    return levels


def _rendered(recipe: ClipRecipe, brighter_db: Mapping[Tissue, float], size: int) -> NDArray[np.uint8]:
    """uint8 (T, S, S, 3) not tinted; of a clip with colour frames from a whole beat, for its flow comes and goes."""
    acquisition = recipe.acquisition
    converter = _converter(recipe, size)
    if SUBVIEWS[acquisition.subview].colour:
        beams = render_beams(recipe.state, acquisition, recipe.noise_seed, np.arange(2 * FRAMES) * 4)
        pictures = [coloured(beams, frame, acquisition) for frame in range(2 * FRAMES)]
    else:
        pictures = [np.repeat(grey[..., None], 3, axis=2) for grey in _grey(recipe, brighter_db)]
    return np.stack([reduced(converter.convert(picture), size) for picture in pictures])


def _grey(recipe: ClipRecipe, brighter_db: Mapping[Tissue, float]) -> list[NDArray[np.uint8]]:
    """FRAMES pictures along the beams."""
    acquisition, numbers = recipe.acquisition, np.arange(FRAMES) * 2
    former = beamformer_of(recipe.state, acquisition, recipe.noise_seed, brighter_db)
    scene, _ = scene_of(recipe.state, acquisition, numbers, former.grid)
    labels = paint_labels(scene, former.grid)
    echoes = former.frames(labels, displacement(scene), wall_grain(scene, former.grid), numbers)
    return [compress(echo, acquisition.scanner, acquisition.dynamic_range_db) for echo in echoes]


def _converter(recipe: ClipRecipe, size: int) -> ScanConverter:
    """Scan conversion to the square that preprocessing crops to, twice as fine as the pictures."""
    acquisition, fan = recipe.acquisition, input_fan(recipe, 2 * size)
    grid = BeamGrid(acquisition.depth_mm, float(np.radians(acquisition.half_angle_deg)))
    pixel_mm = acquisition.depth_mm / (fan.far - fan.near)
    return ScanConverter.of(grid, (fan.apex_x, fan.apex_y), pixel_mm, (2 * size, 2 * size))
