"""The video of a program stream without its packets (ISO/IEC 13818-1 2.5, 11172-1 2.4), for what FFmpeg mistakes.

A program stream names no codec unless it holds a map, which most writers leave out. FFmpeg then guesses, and takes
short streams of H.264 and HEVC for sound.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

_PREFIX: Final = b"\x00\x00\x01"
_PACK, _END = 0xBA, 0xB9
_VIDEO_IDS: Final = range(0xE0, 0xF0)  # 13818-1 table 2-22


def elementary_video(file: BinaryIO, most_bytes: int) -> bytes:
    """The joined content of the first video stream's packets in the first bytes of a file; empty without any."""
    file.seek(0)
    data = file.read(most_bytes)
    first, parts = None, []
    for stream, content in _packets(data):
        first = stream if first is None else first
        if stream == first:
            parts.append(content)
    return b"".join(parts)


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(stream id, content) of each video packet."""
    at = data.find(_PREFIX)
    while 0 <= at <= len(data) - 6:
        code, length = data[at + 3], int.from_bytes(data[at + 4 : at + 6], "big")
        if code == _END:
            return
        if code == _PACK:
            at += 14 if data[at + 4] >> 6 == 1 else 12  # 2.5.3.3; MPEG-1's begins with 0010. Stuffing is searched over
        else:
            if code in _VIDEO_IDS:
                yield code, _content(data[at + 6 : at + 6 + length])
            at += 6 + length
        at = data.find(_PREFIX, at)


def _content(packet: bytes) -> bytes:
    """A packet without its header: MPEG-2 states the header's length (2.4.3.6), MPEG-1 marks what it has."""
    if packet[:1] and packet[0] >> 6 == 2:
        return packet[3 + packet[2] :] if len(packet) > 2 else b""
    packet = packet.lstrip(b"\xff")  # stuffing
    if packet[:1] and packet[0] >> 6 == 1:  # buffer size
        packet = packet[2:]
    mark = packet[0] >> 4 if packet else 0
    return packet[{2: 5, 3: 10}.get(mark, 1) :]  # one time stamp, two, or the byte that says none
