"""Rendered beside real clips: a contact sheet to look at, and distances of their pixel statistics.

`python -m scripts.rendered.compare_with_real --real FOLDER --out sheet.png`. FOLDER holds the cines named for tuning;
the sheet
is never committed. Distances are earth mover's: over grey levels for intensity, over spatial frequency for the
gradient spectrum, over temporal frequency for the spectrum of pixel changes.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.preprocess import Shown, cropped, square_box
from model.echo.preprocessing.sector import look_at, sector_of
from model.study import Clip
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.render import render_clip
from scripts.rendered.phantom.scan.study import planned_clip
from service.ingest.limits import IngestLimits
from service.ingest.study import open_study

SIZE = 192
FRAMES = 32
# Which picture each cine that may be tuned on shows, judged by eye: SDX000004 is a parasternal long axis, 5 to 7 are
# apical and off-axis pictures, both DICOM cines an apical four-chamber.
TUNING = {
    "SDX000004": "PLAX",
    "SDX000005": "PSAX_PM",
    "SDX000006": "A4C",
    "SDX000007": "A4C",
    "examples_ybr_color": "A4C",
    "color3d_jpeg_baseline": "A4C",
}

Grey = NDArray[np.float32]  # (T, S, S), NaN outside the sector


def sector_clip(frames_rgb: NDArray[np.uint8]) -> Grey:
    """The sector of a clip, brightest channel, 192×192, NaN outside. Raises ValueError where there is none."""
    frames = torch.from_numpy(np.array(frames_rgb[:FRAMES]))
    sector = sector_of(look_at(frames))
    if sector is None:
        raise ValueError("no sector was found")
    shown = Shown(torch.from_numpy(sector.mask), square_box(sector.box, 0.0))
    index = torch.arange(len(frames))
    part = cropped(frames, index, shown).numpy().max(axis=3)
    inside = cropped(torch.full((1, *frames.shape[1:3], 1), 255, dtype=torch.uint8), index[:1], shown).numpy()[
        0, ..., 0
    ]
    mask = cv2.resize(inside, (SIZE, SIZE), interpolation=cv2.INTER_AREA) > 250
    small = np.stack([cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for frame in part])
    return np.where(mask, small.astype(np.float32), np.float32(np.nan))


def intensity(clip: Grey) -> NDArray[np.float64]:
    """Histogram over 64 grey levels, sums to one."""
    return _share(np.histogram(clip[np.isfinite(clip)], bins=64, range=(0, 256))[0])


def gradient_spectrum(clip: Grey) -> NDArray[np.float64]:
    """Power of the gradient's magnitude by spatial frequency, 48 rings, sums to one."""
    first = np.nan_to_num(clip[0])
    gradient = np.hypot(cv2.Sobel(first, cv2.CV_32F, 1, 0), cv2.Sobel(first, cv2.CV_32F, 0, 1))
    gradient *= cv2.erode(np.isfinite(clip[0]).astype(np.uint8), np.ones((5, 5), np.uint8))
    power = np.abs(np.fft.fftshift(np.fft.fft2(gradient - gradient.mean()))) ** 2
    y, x = np.indices(power.shape) - SIZE // 2
    ring = np.minimum(np.hypot(x, y) * 48 / (SIZE // 2), 48).astype(int)
    return _share(np.bincount(ring.ravel(), power.ravel(), 49)[:48])


def change_spectrum(clip: Grey) -> NDArray[np.float64]:
    """Power of pixel changes by temporal frequency, sums to one."""
    change = np.diff(clip[:, np.isfinite(clip[0])], axis=0)
    power = (np.abs(np.fft.rfft(change - change.mean(axis=0), n=FRAMES, axis=0)) ** 2).mean(axis=1)
    return _share(power)


def _share(values: NDArray[np.floating] | NDArray[np.signedinteger]) -> NDArray[np.float64]:
    return np.asarray(values / max(float(values.sum()), 1e-9), dtype=np.float64)


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Earth mover's distance as a share of the axis."""
    return float(np.abs(np.cumsum(one) - np.cumsum(other)).mean())


def _real(folder: Path) -> dict[str, Grey]:
    paths = [path for path in sorted(folder.rglob("*")) if path.stem in TUNING and path.suffix in {".mp4", ".dcm"}]
    clips = {}
    for path in paths:
        with open_study([path], IngestLimits()) as files:
            clip = next(files.read())
        if isinstance(clip, Clip):
            clips[path.stem] = sector_clip(clip.frames_rgb)
    return clips


def _rendered(subview: str, seed: int, count: int) -> list[Grey]:
    clips = []
    for number in range(count):
        plan = planned_clip(seed, number, 0, SUBVIEWS[subview].view, subview=subview)
        state = state_of(seed, number, "clinical")
        frames = render_clip(state, plan.view, plan.acquisition, plan.noise_seed).frames_rgb
        try:
            clips.append(sector_clip(frames))
        except ValueError:
            continue
    return clips


def main(args: argparse.Namespace) -> None:
    """Writes the sheet and prints the distances as one JSON line."""
    sheet, result = [], {}
    for name, real in _real(args.real).items():
        rendered = _rendered(TUNING[name], args.seed, args.clips)
        measured = {}
        for kind in (intensity, gradient_spectrum, change_spectrum):
            apart = [distance(kind(real), kind(clip)) for clip in rendered]
            measured[kind.__name__] = [round(float(np.mean(apart)), 4), round(float(np.min(apart)), 4)]
        result[name] = measured
        row = [real[0], *[clip[0] for clip in rendered[:5]]]
        row += [np.zeros_like(real[0])] * (6 - len(row))
        sheet.append(np.hstack([np.nan_to_num(picture) for picture in row]))
    cv2.imwrite(str(args.out), np.vstack(sheet).astype(np.uint8))
    mean = {kind: round(float(np.mean([row[kind][0] for row in result.values()])), 4) for kind in measured}
    print(json.dumps({"mean": mean, "by_clip": result, "sheet": str(args.out)}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True, help="folder with the cines named for tuning")
    parser.add_argument("--out", type=Path, required=True, help="contact sheet, PNG; outside the repository")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--clips", type=int, default=8, help="rendered clips per real one")
    return parser.parse_args()


if __name__ == "__main__":
    main(_arguments())
