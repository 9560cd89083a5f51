"""JPEG frames of the usual kind, decoded to RGB at once."""

import cv2
import numpy as np
from numpy.typing import NDArray

from service.ingest.dicom.pixels.codestream import holds_ycbcr, is_one_whole_scan, jpeg_facts

_AS_IT_IS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


def decoded_rgb(encoded: bytes) -> NDArray[np.uint8] | None:
    """RGB, uint8 (H, W, 3), of a whole JPEG that holds YCbCr in bytes; None for any other, which others decode.

    libjpeg-turbo converts as it decodes, where Pillow and then OpenCV took 2.4 times as long; its rounding differs by
    one grey level in one of 5,000 values or fewer (LOG 2026-11-22).
    """
    if not holds_ycbcr(encoded) or not is_one_whole_scan(encoded):  # libjpeg makes up what a truncated file lacks
        return None
    picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), _AS_IT_IS)
    return None if picture is None else np.asarray(picture, np.uint8)


def decoded_grey(encoded: bytes) -> NDArray[np.uint8] | None:
    """Grey, uint8 (H, W), of a whole JPEG of one component in bytes; None for any other, which others decode."""
    facts = jpeg_facts(encoded)
    if facts is None or facts.components != 1 or facts.bits != 8 or not is_one_whole_scan(encoded):
        return None
    picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    return None if picture is None else np.asarray(picture, np.uint8)


def is_taken_for_ycbcr(encoded: bytes) -> bool:
    """Whether libjpeg converts the components from YCbCr unless it is told not to."""
    facts = jpeg_facts(encoded)
    return facts is not None and facts.decodes_as_ycbcr
