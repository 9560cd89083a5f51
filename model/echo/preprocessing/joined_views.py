"""Two views that were joined in one file: a cut, after which the picture as a whole is another.

A heart comes back to where it was, and a sweep, a slow zoom, contrast or a freeze change the picture little from one
frame to the next: then some frame before resembles some frame after. Across a cut none does. A part that is shorter
than a beat says nothing of that: few frames a second show each moment of the beat once.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.preprocessing.windows import windows_in
from model.study import Clip, ClipWarning

_USUAL_HZ: Final = 30.0  # EchoPrime's own clips; only for a profile that states no rate
_ACROSS: Final = 48  # points across the longer side that are compared, each the mean of a few pixels of a row
_FEW: Final = 3  # frames; a shorter part is a flash or a damaged frame
# Of the two nearest frames on both sides of a cut. Source: LOG 2026-11-30: three pairs of real views joined have 2.6 to
# 3.3 and 0.9 to 1.2, two of the real clips alone at their largest step 1.6 and 0.5 to 0.6.
_STEPS: Final = 2.2  # times the usual step from one frame to the next ...
_SPREADS: Final = 0.75  # ... and of the largest difference within any part
_CONTRAST: Final = 0.6  # of the spread of grey levels; joined real views 0.8 to 1.0, moments of one beat 0.3 to 0.5
_NOTHING: Final = 2.0  # grey levels; less is no other picture
_SEEN: Final = 0.5  # of the largest spread of grey levels of a part; views of one heart are alike in that
# Of each part, at 60 beats a minute. Source: LOG 2026-11-30: of 90 rendered studies of one view a clip, at 10 to 15
# frames a second, eight clips had a "cut" within one beat, none between whole ones.
_BEAT_SECONDS: Final = 1.0


def of_one_view(clip: Clip, config: EchoPreprocessing) -> Clip:
    """The clip; where views are joined the frames of the one that most windows lie in, with a warning.

    A part in which little is seen, as while the probe has no contact, is none of them.

    Each of the others would need windows of its own. A part is as long as a window, so the first one holds one.
    """
    if config.quality is None:
        return clip
    numbers = clip.frame_numbers or tuple(range(len(clip.frames_rgb)))
    rate = clip.frame_rate_hz or config.target_frame_rate_hz or _USUAL_HZ
    cuts = _between_beats(cuts_of(clip.frames_rgb), numbers, _BEAT_SECONDS * rate)
    if not cuts:
        return clip
    parts = [
        replace(
            clip, frames_rgb=clip.frames_rgb[start:end], frame_numbers=numbers[start:end], frames_readable=clip.length
        )
        for start, end in zip((0, *cuts), (*cuts, len(numbers)), strict=True)
    ]
    spreads = [_spread(part.frames_rgb) for part in parts]
    seen = [part for part, spread in zip(parts, spreads, strict=True) if spread >= _SEEN * max(spreads)]
    kept = max(seen, key=lambda part: sum(len(window.present) for window in windows_in(part, config)))
    where = ", ".join(str(numbers[cut] + 1) for cut in cuts)
    used = kept.frame_numbers or numbers
    first, last = used[0] + 1, used[-1] + 1
    told = ClipWarning(
        "views_joined",
        f"The picture as a whole is another from about frame {where} on, as where views are joined in one file; only "
        f"frames {first} to {last} were used. Send each view as its own file.",
    )
    return replace(kept, warnings=(*clip.warnings, told))


def _between_beats(cuts: list[int], numbers: Sequence[int], least: float) -> list[int]:
    """Those of the cuts that leave parts of so many frames of the file."""
    kept: list[int] = []
    for cut in cuts:
        begin = numbers[kept[-1]] if kept else numbers[0]
        if min(numbers[cut] - begin, numbers[-1] + 1 - numbers[cut]) >= least:
            kept.append(cut)
    return kept


def cuts_of(frames_rgb: NDArray[np.uint8]) -> list[int]:
    """Rows at which another picture begins. frames_rgb: uint8 (T, H, W, 3)."""
    if len(frames_rgb) < 2 * _FEW:
        return []
    points = _reduced(frames_rgb)
    apart = _differences(points)
    steps = np.diagonal(apart, 1)
    least = max(_NOTHING, _STEPS * float(np.median(steps)))
    found = [0, *(int(row) + 1 for row in np.flatnonzero(steps >= least)), len(apart)]
    parts = [(first, last) for first, last in pairwise(found) if last - first >= _FEW]
    # Of all parts: a short one, between two fast moments of one beat, says little of how far a heart moves.
    within = max((float(apart[first:last, first:last].max()) for first, last in parts), default=0.0)
    cuts = [0]
    for (_, last), (first, end) in pairwise(parts):
        before, after = slice(cuts[-1], last), slice(first, end)
        contrast = float(points[first:end].std())
        if apart[before, after].min() >= max(least, _SPREADS * within, _CONTRAST * contrast):
            cuts.append(first)
    return cuts[1:]


def _spread(frames_rgb: NDArray[np.uint8]) -> float:
    """How far the grey levels of a picture are spread, of the middle one."""
    middle = len(frames_rgb) // 2
    return float(_reduced(frames_rgb[middle : middle + 1]).std())


def _reduced(frames_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 (T, n): a coarse picture of each frame, of its green channel, as grey as any."""
    every = max(1, max(frames_rgb.shape[1:3]) // _ACROSS)
    some = frames_rgb[:, every // 2 :: 2 * every, :, 1]
    width = some.shape[2] - some.shape[2] % every
    points = some[:, :, :width].reshape(*some.shape[:2], -1, every)[..., :: max(1, every // 4)]
    return np.asarray(points.mean(axis=-1, dtype=np.float32).reshape(len(some), -1), np.float32)


def _differences(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (T, T): the root mean square of the difference between each two frames, grey levels."""
    squares = np.square(points).sum(axis=1)
    apart = squares[:, None] + squares - 2 * points @ points.T
    return np.asarray(np.sqrt(np.maximum(0, apart) / points.shape[1]), np.float32)
