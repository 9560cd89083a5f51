"""Compressed frames to stored values, each kind by one decoder, so that a file gives the same pixels everywhere."""

import io
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.dicom.header import PixelFormat
from service.ingest.dicom.pixels import jpeg, jpeg2000, jpeg_xl
from service.ingest.dicom.pixels.codestream import has_end, has_stray_marker, scans_too_many, with_end
from service.ingest.dicom.pixels.codestream_facts import Codestream, Kind
from service.ingest.dicom.pixels.colour import Stored
from service.ingest.dicom.pixels.colour_model import RGB, YBR, grey_model

# Never gdcm (memory safety).
_BY_PYDICOM: Final = {
    Kind.JPEG_DEEP: (uid.JPEGExtended12Bit, "pylibjpeg"),
    Kind.JPEG_LOSSLESS: (uid.JPEGLosslessSV1, "pylibjpeg"),
    Kind.JPEG_LS: (uid.JPEGLSLossless, "pyjpegls"),
    Kind.JPEG_2000: (uid.JPEG2000, "pylibjpeg"),
    Kind.RLE: (uid.RLELossless, "pylibjpeg"),
}
_NEEDS_EXTRA: Final = frozenset({Kind.JPEG_DEEP, Kind.JPEG_LOSSLESS})
_ENDED: Final = frozenset({Kind.JPEG_DEEP, Kind.JPEG_LOSSLESS, Kind.JPEG_LS})  # with JPEG's end-of-image marker
_END_OF_IMAGE: Final = b"\xff\xd9"
_ZEROS_OF_DATA: Final = 2  # a scan's data may end in so many (also the one behind FF, T.81 B.1.1.5), more are padding
_FILLERS: Final = (b"", b"\x55\xaa" * 32)


def available_decoders(transfer_syntax: str) -> tuple[str, ...]:
    """Names of the decoders that this installation has for a syntax."""
    with suppress(NotImplementedError):
        return tuple(get_decoder(uid.UID(transfer_syntax)).available_plugins)
    return ()


def require_decoder(kind: Kind, stated_syntax: str) -> None:
    """Raises ClipRejected where nothing here decodes that kind; the text names the transfer syntax that is stated."""
    named = shown_syntax(stated_syntax)
    if kind is Kind.JPEG_XL and not jpeg_xl.is_available():
        text = f"JPEG XL ({named}) needs the package imagecodecs."
        raise ClipRejected(SkipReason.UNSUPPORTED_COMPRESSION, text)
    if kind is Kind.JPEG_OTHER:
        text = f"Hierarchical and arithmetic JPEG ({named}) is not supported."
        raise ClipRejected(SkipReason.UNSUPPORTED_COMPRESSION, text)
    if kind not in _BY_PYDICOM:
        return
    syntax, name = _BY_PYDICOM[kind]
    if name in available_decoders(syntax):
        return
    if kind in _NEEDS_EXTRA:
        text = "JPEG Lossless and Extended need the extra: pip install 'echoscribe[jpeg-lossless]'."
        raise ClipRejected(SkipReason.NEEDS_JPEG_LOSSLESS, text)
    raise ClipRejected(SkipReason.UNSUPPORTED_COMPRESSION, f"The decoder {name} is not installed.")


def shown_syntax(transfer_syntax: str) -> str:
    """A transfer syntax as a message may show it: DICOM's own UIDs name nobody, others might."""
    own = transfer_syntax.startswith("1.2.840.10008.") and transfer_syntax.replace(".", "").isdigit()
    return f"transfer syntax {transfer_syntax}" if own and len(transfer_syntax) <= 64 else "a private transfer syntax"


def decode(stream: Codestream, pixels: PixelFormat, model: str) -> tuple[Stored, str]:
    """One frame's values (H, W) or (H, W, 3) and the model they are in, which is RGB where decoding converted them.

    model: what the samples are in, settled for the whole clip. Raises whatever the decoder raises.
    """
    match stream.kind:
        case Kind.JPEG:
            return _decode_jpeg(stream, model)
        case Kind.JPEG_XL:
            values: Stored = jpeg_xl.decode_jpeg_xl(stream.encoded)
        case Kind.JPEG_2000 if stream.bits == 8 and not pixels.signed:
            plain = jpeg2000.decoded(stream.encoded)
            values = _by_pydicom(stream, pixels) if plain is None else plain
        case _:
            values = _by_pydicom(stream, pixels)
    return values, model if values.ndim == 3 else grey_model(pixels.photometric)


def _decode_jpeg(stream: Codestream, model: str) -> tuple[Stored, str]:
    """A JPEG of eight bits: at once to RGB where libjpeg converts as the model asks, else its stored components."""
    if stream.components == 3 and model == YBR:
        plain = jpeg.decoded_rgb(stream.encoded)
        if plain is not None:
            return plain, RGB
    if stream.components == 1:
        grey = jpeg.decoded_grey(stream.encoded)
        if grey is not None:
            return grey, grey_model(model)
    encoded = with_end(stream.encoded)
    if scans_too_many(encoded):
        raise ClipRejected(SkipReason.TOO_LARGE, "A progressive JPEG frame has more scans than any encoder makes.")
    if has_stray_marker(encoded):
        raise ValueError("a marker within the data: they are damaged")
    if not has_end(stream.encoded) and _is_cut(stream.encoded):
        raise ValueError("the data end before the picture does")
    values = _by_pillow(encoded)
    return values, model if values.ndim == 3 else grey_model(model)


def _by_pillow(encoded: bytes) -> Stored:
    """The stored components of a JPEG, without conversion."""
    with Image.open(io.BytesIO(encoded), formats=["JPEG"]) as picture:
        if picture.mode not in {"L", "RGB"}:
            raise ValueError("a JPEG frame of four components")
        if picture.mode == "RGB" and jpeg.is_taken_for_ycbcr(encoded):
            picture.draft("YCbCr", picture.size)
        return np.asarray(picture)


def _is_cut(encoded: bytes) -> bool:
    """Whether a JPEG without an end lacks picture data: then what is put behind its data shows in the picture."""
    bare = encoded[: len(encoded.rstrip(b"\0")) + _ZEROS_OF_DATA]
    first, second = (_by_pillow(bare + filler + _END_OF_IMAGE) for filler in _FILLERS)
    return not np.array_equal(first, second)


def _by_pydicom(stream: Codestream, pixels: PixelFormat) -> Stored:
    """The stored values, by pydicom's decoders without their conversion of colours."""
    syntax, name = _BY_PYDICOM[stream.kind]
    samples = 1 if stream.components == 1 else pixels.samples
    encoded = with_end(stream.encoded) if stream.kind in _ENDED else stream.encoded
    values, _ = get_decoder(syntax).as_array(
        encapsulate([encoded], has_bot=False),
        index=0,
        raw=True,
        decoding_plugin=name,
        **_options(replace(pixels, samples=samples), is_converted=stream.is_converted),
    )
    return values


def _options(pixels: PixelFormat, *, is_converted: bool) -> dict[str, Any]:
    """What pydicom's decoders need to know instead of a dataset."""
    colour = "YBR_RCT" if is_converted else RGB
    return {
        "rows": pixels.rows,
        "columns": pixels.columns,
        "number_of_frames": 1,
        "samples_per_pixel": pixels.samples,
        "photometric_interpretation": colour if pixels.samples == 3 else "MONOCHROME2",
        "planar_configuration": 0,
        "bits_allocated": pixels.bits_allocated,
        "bits_stored": pixels.bits_stored,
        "pixel_representation": int(pixels.signed),
        "pixel_keyword": "PixelData",
        "pixel_vr": "OB",
    }
