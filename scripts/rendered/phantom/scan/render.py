"""Renders one clip of one heart: anatomy, echoes, colour and screen are put together here and nowhere else."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.devices import devices
from scripts.rendered.phantom.anatomy.geometry import Plane
from scripts.rendered.phantom.anatomy.grid import REFINEMENT, BeamGrid, Grid
from scripts.rendered.phantom.anatomy.heart import Heart
from scripts.rendered.phantom.anatomy.scene import Scene
from scripts.rendered.phantom.anatomy.suprasternal import paint_arch
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.valves import draw, leaflets, rings
from scripts.rendered.phantom.anatomy.views import SUBVIEWS, scan_plane
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.phantom.scan.acquisition import Acquisition
from scripts.rendered.phantom.scan.beam import Beamformer, wall_grain
from scripts.rendered.phantom.scan.doppler import ColourFrames, ColourScanner, colour_table
from scripts.rendered.phantom.scan.overlay import Screen, draw_screen
from scripts.rendered.phantom.scan.scanner import ScanConverter, compress, tint_table
from scripts.rendered.phantom.scan.scatterers import Displacement, displacement


@dataclass(frozen=True, eq=False)
class RenderedClip:
    """A clip as a scanner exports it, and the truth behind it.

    frames_rgb: uint8 (T, H, W, 3) with everything drawn on the screen. sector_mask: bool (H, W).
    labels: uint8 (T, H, W) of `Tissue`, zero outside the sector; None unless asked for.
    jets: uint8 (T, H, W) of `JET_CODES`; None unless asked for and in colour. pixel_mm: of the sector.
    start_phase: of the first frame, share of a beat since the R wave. drawn_text: what is burned in outside the sector.
    """

    frames_rgb: NDArray[np.uint8]
    sector_mask: NDArray[np.bool_]
    frame_rate_hz: float
    start_phase: float
    pixel_mm: float
    apex: tuple[float, float]
    sector_box: tuple[int, int, int, int]
    drawn_text: tuple[str, ...]
    labels: NDArray[np.uint8] | None = None
    jets: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class BeamClip:
    """Chosen frames of a clip along the beams, before the screen.

    power: float32 (T, samples, beams) echo power, myocardium = 1; None unless asked for. grey: uint8, same shape.
    labels: uint8, same shape. moved: displacement since end-diastole on the coarse grid.
    """

    grid: BeamGrid
    grey: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    moved: Displacement
    colour: ColourFrames | None
    power: NDArray[np.float32] | None


def frame_times(acquisition: Acquisition, frame_numbers: NDArray[np.integer]) -> NDArray[np.float64]:
    """(T,) seconds since an R wave of frames of the clip."""
    return np.asarray(acquisition.start_s + np.asarray(frame_numbers, dtype=np.float64) / acquisition.frame_rate_hz)


def heart_of(state: HeartState, acquisition: Acquisition, frame_numbers: NDArray[np.integer]) -> Heart:
    """The heart at the times of the frames, breathing in where the acquisition asks for a sniff."""
    times = frame_times(acquisition, frame_numbers)
    since = times - acquisition.start_s - acquisition.sniff_s
    breath = np.clip(since / 0.30, 0, 1) * np.clip((1.35 - since) / 0.45, 0, 1)
    return Heart.of(state, times, breath.astype(np.float32))


def paint_labels(scene: Scene, grid: Grid) -> NDArray[np.uint8]:
    """uint8 (T, fine rows, fine columns): the complete label map of a scene, valves and implants included."""
    rows, columns = scene.lateral.shape
    frames = len(scene.heart.time_s)
    labels = np.full((frames, rows * REFINEMENT, columns * REFINEMENT), int(Tissue.SURROUNDINGS), np.uint8)
    if "arch" in scene.spec.shows:
        paint_arch(labels, scene)
        return labels
    scene.paint(labels)
    for parts in (rings, leaflets, devices):
        for ribbon in parts(scene.heart, scene.plane, scene.spec):
            draw(labels, ribbon, scene.plane, grid)
    return labels


def scene_of(
    state: HeartState, acquisition: Acquisition, frame_numbers: NDArray[np.integer], grid: Grid
) -> tuple[Scene, Plane]:
    """The cut that an acquisition makes through a state's heart."""
    heart = heart_of(state, acquisition, frame_numbers)
    plane = scan_plane(heart, acquisition, heart.time_s)
    return Scene.of(heart, plane, acquisition.subview, grid, acquisition.chest_wall_mm), plane


def render_beams(
    state: HeartState,
    acquisition: Acquisition,
    noise_seed: int,
    frame_numbers: NDArray[np.integer],
    *,
    keep_power: bool = False,
) -> BeamClip:
    """The chosen frames along the beams. Each frame is the same whichever others are chosen with it."""
    former = Beamformer.of(acquisition, noise_seed, leaflet_brightness(state))
    grid, numbers = former.grid, np.asarray(frame_numbers, dtype=np.int64)
    scene, plane = scene_of(state, acquisition, numbers, grid)
    labels = paint_labels(scene, grid)
    moved = displacement(scene)
    grey = np.empty(labels.shape, np.uint8)
    power = np.empty(labels.shape, np.float32) if keep_power else None
    for frame, echo in enumerate(former.frames(labels, moved, wall_grain(scene, grid), numbers)):
        grey[frame] = compress(echo, acquisition.scanner, acquisition.dynamic_range_db)
        if power is not None:
            power[frame] = echo
    colour = None
    if SUBVIEWS[acquisition.subview].colour:
        coarse = labels[:, REFINEMENT // 2 :: REFINEMENT, REFINEMENT // 2 :: REFINEMENT]
        noise = former.streams.colour[1 + numbers % 19]
        still = former.streams.colour[0]
        colour = ColourScanner(scene.heart, plane, acquisition, grid).frames(scene.points, coarse, noise, still)
    return BeamClip(grid, grey, labels, moved, colour, power)


def leaflet_brightness(state: HeartState) -> dict[Tissue, float]:
    """DB by which diseased leaflets are brighter than healthy ones: fibrosis (Baumgartner et al. 2009)."""
    return {
        Tissue.MITRAL_VALVE: 1.6 * max(0, int(state.mitral_stenosis) - 1),
        Tissue.AORTIC_VALVE: 1.6 * max(0, int(state.aortic_stenosis) - 1),
        Tissue.TRICUSPID_VALVE: 2.4 * max(0, int(state.tricuspid_stenosis) - 1),
    }


def coloured(beams: BeamClip, frame: int, acquisition: Acquisition) -> NDArray[np.uint8]:
    """uint8 (samples, beams, 3) RGB of one frame: tinted grey, colour laid over it."""
    look = acquisition.scanner
    grey = beams.grey[frame]
    picture = np.asarray(tint_table(look)[:, 0][grey])
    colour = beams.colour
    if colour is None:
        return picture
    size = grey.shape[1], grey.shape[0]
    velocity = cv2.resize(colour.velocity[frame], size, interpolation=cv2.INTER_LINEAR)
    variance = cv2.resize(colour.variance[frame], size, interpolation=cv2.INTER_LINEAR)
    shown = cv2.resize(colour.shown[frame].astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.45
    table = colour_table(look.colour_map)
    aliased = np.mod(velocity[shown] + 1, 2)  # beyond the Nyquist velocity colours wrap round
    column = (aliased * 127.5).astype(np.intp)
    row = np.clip(variance[shown] * 31, 0, 31).astype(np.intp)
    picture[shown] = table[row, column]
    return picture


def render_clip(
    state: HeartState,
    view: str,
    acquisition: Acquisition,
    noise_seed: int,
    *,
    identity_seed: int | None = None,
    with_truth: bool = False,
) -> RenderedClip:
    """The clip that an acquisition of this heart gives, as exported by a scanner.

    identity_seed: of the invented patient on the screen, the noise seed where None. with_truth: label maps too.
    Raises ValueError when the acquisition is of another view.
    """
    if acquisition.view != view:
        raise ValueError(f"the acquisition is of {acquisition.view}, not of {view}")
    numbers = np.arange(acquisition.frames)
    beams = render_beams(state, acquisition, noise_seed, numbers)
    screen = Screen.of(acquisition)
    converter = ScanConverter.of(beams.grid, screen.apex, screen.pixel_mm, acquisition.screen)
    frames = np.zeros((acquisition.frames, *acquisition.screen, 3), np.uint8)
    for frame in range(acquisition.frames):
        frames[frame] = converter.convert(coloured(beams, frame, acquisition))
    heart = heart_of(state, acquisition, numbers)
    text = draw_screen(frames, screen, acquisition, heart, noise_seed if identity_seed is None else identity_seed)
    labels, jets = _truth(beams, converter) if with_truth else (None, None)
    return RenderedClip(
        frames_rgb=frames,
        sector_mask=converter.inside,
        frame_rate_hz=acquisition.frame_rate_hz,
        start_phase=float(heart.cycle.since_r(heart.time_s)[0] / heart.cycle.beat_s),
        pixel_mm=screen.pixel_mm,
        apex=screen.apex,
        sector_box=screen.sector_box,
        drawn_text=text,
        labels=labels,
        jets=jets,
    )


def _truth(beams: BeamClip, converter: ScanConverter) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    labels = np.stack([converter.convert(label, nearest=True) for label in beams.labels])
    if beams.colour is None:
        return labels, None
    size = beams.grid.beams, beams.grid.samples
    fine = [cv2.resize(jets, size, interpolation=cv2.INTER_NEAREST) for jets in beams.colour.jets]
    return labels, np.stack([converter.convert(np.asarray(jets), nearest=True) for jets in fine])
