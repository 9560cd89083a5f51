"""What a scanner draws on its screen around the sector: patient, date, settings, depth scale, ECG, colour bar."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.heart import Heart
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.patient.identity import InventedIdentity, invented_identity
from scripts.rendered.phantom.scan.acquisition import Acquisition
from scripts.rendered.phantom.scan.doppler import colour_table

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE, _GREY, _GREEN, _YELLOW = (235, 235, 235), (150, 150, 150), (90, 220, 110), (230, 210, 80)


@dataclass(frozen=True)
class Screen:
    """Where the sector lies on the screen. apex: pixels. sector_box: (x0, y0, x1, y1), x1 and y1 exclusive."""

    shape: tuple[int, int]
    apex: tuple[float, float]
    pixel_mm: float
    sector_box: tuple[int, int, int, int]

    @classmethod
    def of(cls, acquisition: Acquisition) -> "Screen":
        """The placement an acquisition's look and settings give."""
        rows, columns = acquisition.screen
        half = np.radians(acquisition.half_angle_deg)
        depth_px = min(0.81 * rows, 0.44 * columns / np.sin(half))
        aside = {"left": 0.03, "right": -0.03, "top": 0.0}[acquisition.scanner.layout]
        apex = (round((0.5 + aside) * columns) + 0.0, round(0.085 * rows) + 0.0)
        wide = depth_px * np.sin(half)
        box = (int(apex[0] - wide), int(apex[1]), int(np.ceil(apex[0] + wide)), int(np.ceil(apex[1] + depth_px)))
        return cls((rows, columns), apex, acquisition.depth_mm / depth_px, box)


def draw_screen(
    frames_rgb: NDArray[np.uint8], screen: Screen, acquisition: Acquisition, heart: Heart, identity_seed: int
) -> tuple[str, ...]:
    """Draws everything around the sector on all frames, in place; returns the text that was drawn."""
    still = np.zeros(frames_rgb.shape[1:], np.uint8)
    text = _text(still, acquisition, heart, invented_identity(identity_seed))
    _depth_scale(still, screen, acquisition)
    _marker(still, screen)
    if SUBVIEWS[acquisition.subview].colour:
        _colour_bar(still, acquisition)
    drawn = still.any(axis=2)
    frames_rgb[:, drawn] = still[drawn]
    if acquisition.has_ecg:
        _ecg(frames_rgb, screen, heart)
    return text


def _text(still: NDArray[np.uint8], acquisition: Acquisition, heart: Heart, who: InventedIdentity) -> tuple[str, ...]:
    rows, columns = still.shape[:2]
    size, line = rows / 1200, round(rows / 26)
    header = (who.name, who.patient_id, who.date)
    settings = (
        f"{acquisition.depth_mm / 10:.0f}cm",
        f"{acquisition.frame_rate_hz:.0f}Hz",
        f"{heart.state.heart_rate_bpm:.0f}bpm",
        "MI 1.1",
        "TIS 0.8",
    )
    places = {"left": (8, columns - round(0.13 * columns)), "right": (round(0.76 * columns), 8), "top": (8, 8)}
    at_header, at_settings = places[acquisition.scanner.layout]
    if acquisition.scanner.layout == "top":
        cv2.putText(still, "  ".join(header), (at_header, line), _FONT, size, _WHITE, 1, cv2.LINE_AA)
    else:
        for number, words in enumerate(header):
            cv2.putText(still, words, (at_header, line * (number + 1)), _FONT, size, _WHITE, 1, cv2.LINE_AA)
    for number, words in enumerate(settings):
        where = at_settings, round(0.16 * rows) + line * number
        cv2.putText(still, words, where, _FONT, 0.85 * size, _GREY, 1, cv2.LINE_AA)
    return (*header, *settings)


def _depth_scale(still: NDArray[np.uint8], screen: Screen, acquisition: Acquisition) -> None:
    """Ticks every centimetre and a focus mark, right of the sector."""
    x = min(screen.shape[1] - 12, screen.sector_box[2] + 10)
    for centimetre in range(int(acquisition.depth_mm // 10) + 1):
        y = round(screen.apex[1] + centimetre * 10 / screen.pixel_mm)
        length = 8 if centimetre % 5 == 0 else 4
        cv2.line(still, (x, y), (x + length, y), _GREY, 1)
    y = round(screen.apex[1] + acquisition.focus_mm / screen.pixel_mm)
    triangle = np.array([[x - 2, y], [x - 8, y - 4], [x - 8, y + 4]], np.int32)
    cv2.fillPoly(still, [triangle], _YELLOW)


def _marker(still: NDArray[np.uint8], screen: Screen) -> None:
    """The dot that shows on which side the probe's notch is."""
    where = round(screen.apex[0]) + round(0.06 * screen.shape[0]), round(screen.apex[1]) - round(0.02 * screen.shape[0])
    cv2.circle(still, where, max(3, screen.shape[0] // 130), _GREEN, -1, cv2.LINE_AA)


def _colour_bar(still: NDArray[np.uint8], acquisition: Acquisition) -> None:
    rows, columns = still.shape[:2]
    height, width = round(0.2 * rows), max(8, columns // 70)
    x, y = columns - width - 8, round(0.42 * rows)
    bar = colour_table(acquisition.scanner.colour_map)[:, ::-1].transpose(1, 0, 2)
    still[y : y + height, x : x + width] = cv2.resize(bar, (width, height), interpolation=cv2.INTER_AREA)
    label = f"{acquisition.nyquist_cm_s:.0f}"
    size = rows / 1600
    for words, place in ((label, y - 4), (f"-{label}", y + height + round(rows / 50))):
        cv2.putText(still, words, (x - round(columns / 60), place), _FONT, size, _GREY, 1, cv2.LINE_AA)


def _ecg(frames_rgb: NDArray[np.uint8], screen: Screen, heart: Heart) -> None:
    """The trace of the last seconds, swept below the sector, with a bar where the picture is."""
    rows, columns = screen.shape
    y0, height = round(0.985 * rows), 0.05 * rows
    x = np.arange(round(0.05 * columns), round(0.95 * columns), 2)
    seconds = 3.0
    for frame, now in zip(frames_rgb, heart.time_s, strict=True):
        sweep = (now - heart.time_s[0]) / seconds % 1.0
        ago = (sweep - (x - x[0]) / (x[-1] - x[0])) % 1.0 * seconds
        y = y0 - height * heart.cycle.ecg(now - ago)
        points = np.stack([x, y], axis=-1).round().astype(np.int32)
        cut = int(sweep * len(points))
        cv2.polylines(frame, [points[: max(1, cut)], points[min(len(points) - 1, cut + 6) :]], False, _GREEN, 1)
