"""What a clip must have before it is worth a network: enough different frames, and colours that can be right."""

import numpy as np

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.preprocessing.windows import Window, different_frames, frames_covered
from model.errors import ClipRejected
from model.picture_colour import darkest_is_grey
from model.study import Clip, SkipReason


def check_frames(clip: Clip, config: EchoPreprocessing) -> None:
    """Raises ClipRejected unless the clip, and the time of one window of it, hold as many frames as are needed."""
    if clip.length < config.min_frames:
        text = f"{clip.length} frames, at least {config.min_frames} are needed"
        raise ClipRejected(SkipReason.TOO_SHORT, text)
    _require(frames_covered(clip.length, clip.frame_rate_hz, config), clip, config)


def check_window(clip: Clip, rows: Window, config: EchoPreprocessing) -> None:
    """Raises ClipRejected where the colours of the chosen window are wrong, or too few of its frames differ.

    rows: the window, by rows of the frames that were read. Profiles without quality bars look at neither.
    """
    if config.quality is None:
        return
    pictures = [clip.frames_rgb[row] for row in sorted(set(rows.present))]
    if not darkest_is_grey(np.asarray(pictures[0])):
        text = "what is dark is far from grey: the colours are not what they seem"
        raise ClipRejected(SkipReason.WRONG_COLOURS, text)
    covered = frames_covered(clip.length, clip.frame_rate_hz, config)
    _require(different_frames(covered, pictures, config), clip, config)


def _require(count: int, clip: Clip, config: EchoPreprocessing) -> None:
    if count < config.min_frames:
        rate = "" if clip.frame_rate_hz is None else f" ({clip.frame_rate_hz:.3g} frames per second)"
        text = f"{count} different frames in the time that is looked at{rate}, at least {config.min_frames} are needed"
        raise ClipRejected(SkipReason.TOO_SHORT, text)
