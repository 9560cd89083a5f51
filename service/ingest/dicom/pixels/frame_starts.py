"""How the compressed frames that DICOM allows begin: the marks that tell one frame from the next."""

import re
from struct import unpack_from
from typing import Final

JP2_SIGNATURE: Final = b"\0\0\0\x0cjP  \r\n\x87\n"  # ITU-T T.800 I.5.1
JXL_SIGNATURE: Final = b"\0\0\0\x0cJXL \r\n\x87\n"  # ISO/IEC 18181-2, 9.1
JXL_CODESTREAM: Final = b"\xff\x0a"  # ISO/IEC 18181-1, annex A
START_OF_JPEG: Final = b"\xff\xd8\xff"
START_OF_J2K: Final = b"\xff\x4f\xff\x51"  # SOC and SIZ, which must come first (ITU-T T.800 A.4.1, A.5.1)
_RLE_HEADER, _RLE_SEGMENTS = 64, 15  # PS3.5 G.5

# Marks that cannot stand by chance within a frame's data: JPEG stuffs every FF (T.81 B.1.1.5), JPEG 2000 lets no code
# above FF8F arise (T.800 A.1.3). A JPEG XL codestream on its own begins with two bytes that can.
_MARKS: Final = (START_OF_JPEG, START_OF_J2K, JP2_SIGNATURE, JXL_SIGNATURE)
_ANY_MARK: Final = b"|".join(map(re.escape, _MARKS))
FRAME_START: Final = re.compile(_ANY_MARK)
FRAME_START_AFTER_END: Final = re.compile(rb"\xff\xd9\x00*(?=" + _ANY_MARK + rb")")


def begins_frame(head: bytes) -> bool:
    """Whether bytes begin a compressed frame. head: the first 64 of them, or all.

    Zeros before a mark are padding: some writers pad a frame of odd length at its front.
    """
    return head.lstrip(b"\0").startswith((*_MARKS[:2], JXL_CODESTREAM)) or head.startswith(_MARKS) or is_rle(head)


def is_rle(head: bytes) -> bool:
    """Whether 64 bytes are the header of an RLE frame: a count, and the offsets of as many segments (PS3.5 G.5)."""
    if len(head) < _RLE_HEADER:
        return False
    count, *offsets = unpack_from("<16L", head)
    used, unused = offsets[:count], offsets[count:]
    return 1 <= count <= _RLE_SEGMENTS and used[0] == _RLE_HEADER and used == sorted(set(used)) and not any(unused)
