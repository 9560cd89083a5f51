"""Decoding a video in which something is damaged: what is whole comes out, what is not is left out and counted."""

from collections.abc import Iterator, Set
from contextlib import suppress
from typing import NamedTuple, cast

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from service.ingest.video.video_stream import Packets, VideoBytes, is_null, video_stream

_EMPTY_BYTES = 16  # MPEG-4 says with less that the picture before is shown again (N-VOP, ISO/IEC 14496-2 6.2.5)
_UNUSUAL = 8  # grey levels; pictures of cines of the heart differ by 2 to 5 from one to the next (LOG)
_REORDERED = 64  # packets may be ahead of the picture that is shown; H.264 and HEVC hold back 16


class Outcome(NamedTuple):
    """A frame, None where it is lost.

    reported: the decoder reports an error in what it was predicted from. doubtful: something is lost since the last key
    picture, so it may be predicted from nothing.
    """

    frame: VideoFrame | None
    reported: bool = False
    doubtful: bool = False


class Resemblance:
    """Tells pictures that a decoder painted from nothing: grey, or blocks that stand still while others move.

    A picture after a lost one must resemble the one before about as much as pictures did so far.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None
        self._usual = 0.0  # grey levels; the largest mean difference between pictures that follow each other

    def accepts(self, frame_rgb: NDArray[np.uint8], *, doubtful: bool) -> bool:
        """Whether the picture may be used; a picture that is not doubtful always may."""
        coarse = frame_rgb[::2, ::2].astype(np.int16)
        apart = np.inf
        if self._last is not None and self._last.shape == coarse.shape:
            apart = float(np.abs(coarse - self._last).mean())
        if doubtful and apart > _UNUSUAL + 2 * self._usual:
            return False
        if not doubtful and np.isfinite(apart):
            self._usual = max(self._usual, apart)
        self._last = coarse
        return True


def frames_with_care(video: VideoBytes, packets: Packets, count: int) -> Iterator[Outcome]:
    """Yields the first frames in the order in which they are shown, and those that are lost; more than `count`.

    A damaged packet is not given to the decoder a second time: what it paints from the part that it understands would
    stay in all pictures that are predicted from it. Without it, they are predicted from the picture before.

    A decoder also reports pictures that are whole where a damaged one is missing that they refer to. Where all reports
    lie between two key pictures, only the first is taken for damaged; else all are. Holes always are.
    """
    first = _CarefulDecoder(video, packets, packets.holes)
    found = sorted({number for number, outcome in first.run(count + _REORDERED) if outcome.frame is None})
    if len({first.groups[number] for number in found}) > 1:
        again = _CarefulDecoder(video, packets, packets.holes | set(found))
    else:
        again = _CarefulDecoder(video, packets, packets.holes | set(found[:1]), set(found[1:]), explode=False)
    yield from (outcome for _, outcome in again.run())


class _CarefulDecoder:
    """Decodes a video packet by packet, in one thread, so that each error belongs to its packet.

    damaged: numbers of packets that are not decoded. suspect: of those whose pictures are reported.
    explode: the decoder refuses pictures with errors.
    groups: by number, how many key pictures came up to a packet.

    Decoding begins at a key picture, and again after one that is damaged: what refers to it would be no picture.
    Nothing is lost before the first one, the container was only cut there.
    """

    def __init__(
        self,
        video: VideoBytes,
        packets: Packets,
        damaged: Set[int],
        suspect: Set[int] = frozenset(),
        *,
        explode: bool = True,
    ) -> None:
        self._video, self._waits, self._explode = video, packets.has_keys, explode
        self._damaged, self._suspect = set(damaged), suspect
        self._silent: set[int] = set()  # taken without a word and not yet come out as a picture
        self._doubtful: set[int] = set()
        self.groups: dict[int, int] = {}
        self._group = 0
        self._key_time: int | None = None  # of the last key picture that was decoded
        self._lost_groups: set[int] = set()

    def run(self, last: int | None = None) -> Iterator[tuple[int, Outcome]]:
        """Yields (number, what became of it), up to the packet of that number."""
        with self._video.open(explode=self._explode) as container:
            stream = video_stream(container)
            stream.codec_context.thread_count = 1
            waiting, begun = self._waits, not self._waits
            for number, packet in _numbered(container, stream):
                self._group += packet.is_keyframe
                self.groups[number] = self._group
                if packet.size and (number in self._damaged or (waiting and not packet.is_keyframe)):
                    waiting = waiting or (self._waits and packet.is_keyframe)
                    begun = begun or number in self._damaged
                    if begun and not packet.is_discard:
                        yield number, self._lost(number)
                    continue
                waiting, begun = waiting and not packet.size, True
                outcomes = list(self._decoded(number, packet))
                waiting = waiting or (self._waits and packet.is_keyframe and number in self._damaged)
                yield from outcomes
                if last is not None and number >= last:
                    return
        yield from [(number, Outcome(None)) for number in sorted(self._silent)]

    def _decoded(self, number: int, packet: "Packet[VideoStream]") -> Iterator[tuple[int, Outcome]]:
        """Yields the pictures that come out when a packet is put in; its own may come later.

        A packet's number stands in for its time, which a decoder hands on to the picture. PyAV's `opaque` is lost now
        and then: it is kept by the address of a buffer, and an address may be used anew before the old entry goes.
        """
        self._note(number, packet)
        packet.pts = number
        try:
            frames = packet.decode()
        except FFmpegError:
            if packet.size:
                yield number, self._lost(number)
            return
        if packet.is_corrupt:
            yield number, self._lost(number)
        for frame in frames:
            own = cast(int, frame.pts)
            self._silent.discard(own)
            if own not in self._damaged:
                reported = frame.is_corrupt or own in self._suspect
                yield own, Outcome(frame, reported, reported or own in self._doubtful)

    def _note(self, number: int, packet: "Packet[VideoStream]") -> None:
        """Keeps what is to be expected of a packet that is put in.

        Pictures that are shown before the key picture that they follow also refer to those before it.
        """
        if packet.is_keyframe:
            self._key_time = packet.pts
        time, key_time = packet.pts, self._key_time
        is_leading = time is not None and key_time is not None and time < key_time
        if self._group in self._lost_groups or (is_leading and self._group - 1 in self._lost_groups):
            self._doubtful.add(number)
        passed_over = is_leading and self._group == 1  # what it refers to was cut off
        if packet.size > _EMPTY_BYTES and not packet.is_discard and not passed_over:
            self._silent.add(number)

    def _lost(self, number: int) -> Outcome:
        """Notes that a packet gives no picture."""
        self._damaged.add(number)
        self._silent.discard(number)
        self._lost_groups.add(self._group)
        return Outcome(None)


def _numbered(container: InputContainer, stream: VideoStream) -> "Iterator[tuple[int, Packet[VideoStream]]]":
    """Yields the packets that hold something, numbered; a container that ends badly ends there."""
    with suppress(FFmpegError):
        yield from enumerate(packet for packet in container.demux(stream) if not is_null(packet))
