"""When a measurement is to be believed: its signs against what rendered clips of known truth have shown."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from model.echo.tracing.clip_measures import RawMeasure
from model.embeddings import ClipName
from model.measurement import NOT_BELIEVED, Measurement

UNITS = {0: "%", 1: "cm", 2: "cm²", 3: "ml"}
IN_PIXELS = "spacing_not_stated"  # reason where the file does not say how large a pixel is
NOT_CALIBRATED = "not_calibrated"
# Measurement → the slot of the report's language and the phenotype that ask for the same number.
SLOTS = {"lv_ejection_fraction": "ejection_fraction", "ra_area": "ra_area"}
PHENOTYPES = {"lv_ejection_fraction": "ejection_fraction"}


class Judgement(BaseModel):
    """How one kind of measurement is judged, learned from rendered clips of `calibration` seeds.

    Quality is the probability that the error is within `tolerance` (in units, or a share of the value for lengths,
    areas and volumes).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    intercept: float
    weights: dict[str, float] = Field(description="Sign → its weight.")
    limit: float = Field(ge=0, le=1, description="A measurement of lower quality is not stated.")
    low: float = Field(description="10th percentile of truth less measured, among those stated.")
    high: float = Field(description="90th percentile.")
    tolerance: float = Field(gt=0)
    is_relative: bool = False
    slope: float = Field(1.0, description="Of the line that corrects a value; 1 leaves it as measured.")
    offset: float = 0.0
    fills_slot: bool = Field(False, description="Near enough to the truth for a report's number.")

    def corrected(self, value: float) -> float:
        """The value on the line that the truth of rendered studies lies on."""
        return self.slope * value + self.offset

    def quality(self, signs: Mapping[str, float]) -> float:
        """0..1. Signs that are lacking count as 0."""
        score = self.intercept + sum(weight * signs.get(name, 0.0) for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


@dataclass(frozen=True)
class Judge:
    """judgements: by `kind_of`."""

    judgements: Mapping[str, Judgement]

    def judged(
        self, raw: RawMeasure, clips: tuple[ClipName, ...], frames: tuple[int, ...], pixel_cm: float | None
    ) -> Measurement:
        """The measurement in its unit, with its quality and the reason why it is not stated, if there is one."""
        judgement = self.judgements.get(kind_of(raw))
        scaled = raw.power == 0 or pixel_cm is not None
        value = raw.value * (pixel_cm or 1.0) ** raw.power
        value = value if judgement is None else judgement.corrected(value)
        quality = 0.0 if judgement is None else judgement.quality(raw.signs)
        fills = judgement is not None and judgement.fills_slot
        return Measurement(
            name=raw.name,
            value=round(value, 2),
            unit=UNITS[raw.power] if scaled else None,
            method=raw.method,
            clips=clips,
            frames=frames,
            beats=raw.beats,
            quality=round(quality, 3),
            interval=_interval(judgement, value) if scaled else None,
            reason=raw.fault or _reason(judgement, quality, scaled=scaled),
            slot=SLOTS.get(raw.name) if fills else None,
            phenotype=PHENOTYPES.get(raw.name),
        )


def kind_of(raw: RawMeasure) -> str:
    """What measurements are judged alike."""
    return f"{raw.name}:{raw.method}"


def _interval(judgement: Judgement | None, value: float) -> tuple[float, float] | None:
    if judgement is None:
        return None
    unit = value if judgement.is_relative else 1.0
    return round(value + judgement.low * unit, 2), round(value + judgement.high * unit, 2)


def _reason(judgement: Judgement | None, quality: float, *, scaled: bool) -> str | None:
    reasons = [
        (judgement is None, NOT_CALIBRATED),
        (judgement is not None and quality < judgement.limit, NOT_BELIEVED),
        (not scaled, IN_PIXELS),
    ]
    return next((reason for applies, reason in reasons if applies), None)


def best_of_each(measurements: Iterator[Measurement]) -> tuple[Measurement, ...]:
    """Of each name and method the one of best quality, in the order in which they first come."""
    best: dict[tuple[str, str], Measurement] = {}
    for one in measurements:
        key = one.name, one.method
        if key not in best or one.quality > best[key].quality:
            best[key] = one
    return tuple(best.values())
