"""Interlaced pictures made whole: DV, MPEG-2 of DVD recorders, H.264 by fields. Each holds lines of two moments.

FFmpeg's bwdif keeps one moment of each picture and interpolates the other's lines from their neighbours in place and
time, so the number of pictures and their rate stay. Pictures that are not marked as interlaced pass as they are.
"""

from collections.abc import Iterator
from typing import Final

from av.error import BlockingIOError as NoPictureYet
from av.error import EOFError as NoMorePictures
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_OPTIONS: Final = "mode=send_frame:parity=auto:deint=interlaced"


def deinterlaced(frames: Iterator[VideoFrame], stream: VideoStream) -> Iterator[VideoFrame]:
    """Yields as many frames as come in, in their order, none of them interlaced."""
    graph: Graph | None = None
    for frame in frames:
        graph = graph or _graph(frame, stream)
        graph.push(frame)
        yield from _ready(graph)
    if graph is not None:
        graph.push(None)
        yield from _ready(graph)


def _graph(first: VideoFrame, stream: VideoStream) -> Graph:
    """The filter for frames like the first."""
    graph = Graph()
    source = graph.add_buffer(width=first.width, height=first.height, format=first.format, time_base=stream.time_base)
    graph.link_nodes(source, graph.add("bwdif", _OPTIONS), graph.add("buffersink")).configure()
    return graph


def _ready(graph: Graph) -> Iterator[VideoFrame]:
    """Yields what the filter has finished."""
    while True:
        try:
            frame = graph.pull()
        except (NoPictureYet, NoMorePictures):
            return
        if isinstance(frame, VideoFrame):
            yield frame
