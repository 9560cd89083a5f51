"""Whether a picture's colours can be right: what is dark must be grey."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_STEP: Final = 4  # every fourth row and column is looked at
_DARKEST: Final = 0.25  # share of the pixels: outside the picture proper, around text and in hollows
# Black that is taken for the wrong colour model becomes (0, 128, 128) or (0, 135, 0) (PS3.3 C.7.6.3.1.2); half of that.
_MAX_SPREAD: Final = 64


def darkest_is_grey(rgb: NDArray[np.uint8]) -> bool:
    """Whether the darkest quarter of a picture (H, W, 3) is about grey, as air, hollows and screens are."""
    pixels = rgb[::_STEP, ::_STEP].reshape(-1, 3)
    brightest = pixels.max(axis=1)
    dark = brightest <= np.quantile(brightest, _DARKEST)
    spread = brightest[dark] - pixels[dark].min(axis=1)
    return bool(np.median(spread) <= _MAX_SPREAD)
