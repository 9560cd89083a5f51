"""What a reader understood: findings with their polarity, certainty and time, and the sentences that they came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Polarity = Literal["positive", "negative", "measured", "unknown"]
Time = Literal["current", "prior"]
StatedNumber = float | tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class StatedFinding:
    """One thing that a sentence states.

    polarity: positive (an abnormality or a device is there), negative (denied or normal), measured (a bare number) or
    unknown (not seen). number: one, (low, high), or a bound with None at its open end; in `unit`.
    """

    entity: str
    attribute: str
    value: str | None
    polarity: Polarity
    certainty: Literal["stated", "hedged"]
    time: Time
    number: StatedNumber | None
    unit: str | None
    section: str

    def __post_init__(self) -> None:
        if self.polarity == "measured" and self.number is None:
            raise ValueError(f"{self.entity} is measured and has no number")

    def fields(self) -> dict[str, Any]:
        """As JSON."""
        number = list(self.number) if isinstance(self.number, tuple) else self.number
        return {
            "entity": self.entity, "attribute": self.attribute, "value": self.value, "polarity": self.polarity,
            "certainty": self.certainty, "time": self.time, "number": number, "unit": self.unit,
            "section": self.section,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SentenceMeaning:
    """A sentence with its findings, the main one first. section: where the main finding belongs."""

    text: str
    language: str
    section: str | None
    findings: tuple[StatedFinding, ...]
    labels: Mapping[str, str | StatedNumber | None]
    straddling: tuple[str, ...]

    def fields(self) -> dict[str, Any]:
        """As JSON, in the form of the gold files."""
        labels = {k: list(v) if isinstance(v, tuple) else v for k, v in self.labels.items()}
        return {
            "text": self.text, "language": self.language, "section": self.section,
            "findings": [finding.fields() for finding in self.findings], "labels": labels,
            "straddling": list(self.straddling),
        }  # fmt: skip
