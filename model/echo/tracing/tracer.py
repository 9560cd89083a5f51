"""The tracer of a bundle: its network, and what it measures in the clips of a study."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from model.device import Placement
from model.echo.networks.tracer_network import TracerNetwork
from model.echo.tracing.biplane import biplane_measures
from model.echo.tracing.chambers import TRACED_VIEWS
from model.echo.tracing.clip_measures import RawMeasure, measure_clip
from model.echo.tracing.clip_trace import ClipTrace, TracedPicture
from model.echo.tracing.judging import Judge, best_of_each
from model.echo.tracing.runs import trace_frames
from model.embeddings import ClipName
from model.measurement import Contour, Measurement, StudyMeasurements


@dataclass(frozen=True, eq=False)
class Tracer:
    """size: pixels a side that the network reads."""

    network: TracerNetwork
    size: int
    judge: Judge
    placement: Placement

    def trace(
        self, name: ClipName, view: tuple[str, float], picture: TracedPicture, *, step: int = 1, hop: int | None = None
    ) -> ClipTrace:
        """The clip's trace. step: frames from one of a run to the next. hop: from run to run; most of one unless said.

        view: its name and probability.
        """
        hops = max(1, step * (self.network_frames - 1)) if hop is None else hop
        device, dtype = self.placement.device, self.placement.dtype
        found = trace_frames(self.network, picture.grey, step=step, hop=hops, dtype=dtype, device=device)
        return ClipTrace(name, *view, picture, found)

    @property
    def network_frames(self) -> int:
        """Frames of a run."""
        return self.network.frames

    def measure(self, traces: Sequence[ClipTrace]) -> StudyMeasurements:
        """All measurements of a study's traces, best first of each kind, and the outlines of their frames."""
        found = best_of_each(self._judged(traces))
        used: dict[ClipName, set[int]] = {}
        for one in found:
            if len(one.clips) == 1:
                used.setdefault(one.clips[0], set()).update(one.frames)
        contours: list[Contour] = []
        for trace in traces:
            numbers = trace.picture.frames
            wanted = used.get(trace.name, set())
            places = {numbers.index(frame) for frame in wanted if frame in numbers}
            contours += trace.contours(sorted(places))
        return StudyMeasurements(found, tuple(contours))

    def _judged(self, traces: Sequence[ClipTrace]) -> Iterator[Measurement]:
        fours, twos = (_of_view(traces, view) for view in ("A4C", "A2C"))
        for four in fours:
            for two in twos:
                for raw in biplane_measures(four, two):
                    yield self._of_two(raw, four, two)
        for trace in traces:
            for raw in measure_clip(trace):
                frames = tuple(trace.picture.frames[place] for place in raw.places)
                yield self.judge.judged(raw, (trace.name,), frames, trace.pixel_cm)

    def _of_two(self, raw: RawMeasure, four: ClipTrace, two: ClipTrace) -> Measurement:
        half = len(raw.places) // 2
        frames = [four.picture.frames[place] for place in raw.places[:half]]
        frames += [two.picture.frames[place] for place in raw.places[half:]]
        return self.judge.judged(raw, (four.name, two.name), tuple(frames), four.pixel_cm)


def is_traced(view: str) -> bool:
    """Whether clips of the view are traced."""
    return view in TRACED_VIEWS


def _of_view(traces: Iterable[ClipTrace], view: str) -> list[ClipTrace]:
    return [trace for trace in traces if trace.view == view]
