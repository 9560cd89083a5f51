"""What is measured in rendered studies, beside the truth: one row per measurement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from model.echo.tracing.biplane import biplane_measures
from model.echo.tracing.clip_measures import RawMeasure, measure_clip
from model.echo.tracing.judging import kind_of
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.tracing.traced_studies import TracedTruth


@dataclass(frozen=True)
class MeasuredRow:
    """Values in their units. quality: of the clip's window, 0 to 1, as rendered. look: of the scanner."""

    kind: str
    measured: float
    truth: float
    signs: Mapping[str, float]
    quality: float
    look: str = ""


def rows_of(study: Sequence[TracedTruth]) -> Iterator[MeasuredRow]:
    """Every measurement of a study whose truth is known."""
    for clip in study:
        exact = {kind_of(raw): raw for raw in measure_clip(clip.exact)}
        for raw in measure_clip(clip.trace):
            yield from _row(raw, exact.get(kind_of(raw)), clip, clip.quality)
    for four in _of_view(study, "A4C"):
        for two in _of_view(study, "A2C"):
            exact = {kind_of(raw): raw for raw in biplane_measures(four.exact, two.exact)}
            for raw in biplane_measures(four.trace, two.trace):
                quality = min(four.quality, two.quality)
                yield from _row(raw, exact.get(kind_of(raw)), four, quality)


def _row(raw: RawMeasure, exact: RawMeasure | None, clip: TracedTruth, quality: float) -> Iterator[MeasuredRow]:
    scale = (clip.trace.pixel_cm or 1.0) ** raw.power
    known = _of_state(raw.name, clip.state)
    truth = known if known is not None else None if exact is None else exact.value * scale
    if truth is not None:
        yield MeasuredRow(kind_of(raw), raw.value * scale, truth, raw.signs, quality, clip.look)


def _of_state(name: str, state: HeartState) -> float | None:
    """The truth where the patient has it; of everything else the exact outlines of the same frames say it."""
    return {
        "lv_ejection_fraction": state.ejection_fraction_percent,
        "lv_end_diastolic_volume": state.lv_end_diastolic_volume_ml,
        "lv_end_systolic_volume": state.lv_end_systolic_volume_ml,
    }.get(name)


def _of_view(study: Sequence[TracedTruth], view: str) -> list[TracedTruth]:
    return [clip for clip in study if clip.trace.view == view]
