"""Frames → findings: the value that state, grade, number and negation come to, and its polarity."""

from collections.abc import Iterator, Sequence

from model.report.clinical_text.chunks import Chunk
from model.report.clinical_text.finding_table import Entity, FindingTable
from model.report.clinical_text.frames import MEASUREMENT, Frame, Part
from model.report.clinical_text.numbers import Number, Ordinal
from model.report.clinical_text.stated import Polarity, StatedFinding, Time

# Grades as numerals: I to III (and IV) as European laboratories write them; 1+ to 4+ as Zoghbi et al. 2017 grade.
_ROMAN = {1: "mild", 2: "moderate", 3: "severe", 4: "severe"}
_PLUS = {1: "mild", 2: "moderate", 3: "moderate-severe", 4: "severe"}
_LENGTHS = frozenset({"mm", "cm"})
_HALF = 50.0
NOT_ASSESSED = "not_assessed"


class FindingMaker:
    """Makes findings by a table."""

    def __init__(self, table: FindingTable) -> None:
        self._table = table

    def findings(self, part: Part) -> Iterator[StatedFinding]:
        """The findings of a part whose frames are complete."""
        sized = False
        for frame in part.frames:
            if frame.dropped or frame.subject is None:
                continue
            for subject in self._table.groups.get(frame.subject, (frame.subject,)):
                entity = self._table.entity_of(subject, frame.aspect)
                if entity is not None:
                    found = list(self._of_frame(frame, entity, part))
                    says = frame.aspect not in self._table.beside or any(f.unit in _LENGTHS for f in found)
                    sized = sized or (says and any(f.attribute != MEASUREMENT or f.unit in _LENGTHS for f in found))
                    yield from found
        if not sized and not any(frame.aspect in self._table.lesions for frame in part.frames):
            yield from self._lengths(part)
        if not part.frames and part.chunk.first("not_assessed") is not None:
            for subject in part.subjects:
                aspect = self._table.unseen.get(subject)
                entity = None if aspect is None else self._table.entity_of(subject, aspect)
                if entity is not None:
                    yield self._unseen(entity)

    def _of_frame(self, frame: Frame, entity: Entity, part: Part) -> Iterator[StatedFinding]:
        if frame.unseen and not frame.denied:
            yield self._unseen(entity)
        elif entity.kind.attribute == MEASUREMENT:
            yield from self._measured(frame, entity)
        else:
            value = _judged_by_percent(entity, part) or self._value(frame, entity)
            number = self._size(part, entity) if value is not None else None
            if value is not None:
                yield self._finding(entity, value, frame, number)
                if value not in self._table.negative and not frame.doubted:
                    for name, other in entity.also:
                        yield self._finding(self._table.entities[name], value if other == "=" else other, frame, None)

    def _measured(self, frame: Frame, entity: Entity) -> Iterator[StatedFinding]:
        """A number; words beside it, or without one, go to the aspect that they judge."""
        number = None if frame.number is None else entity.takes(frame.number)
        if number is not None and number.high != number.low and (frame.changed or number.high < number.low):
            yield self._number(entity, number._replace(low=number.high), frame)  # "from 55 to 40": now
            yield self._number(entity, number._replace(high=number.low), frame, prior=True)  # and then
            return
        if number is not None:
            yield self._number(entity, number, frame)
        judged = self._table.aspects.get("judged", {}).get(entity.key)
        if judged is None or (number is not None and frame.state == "normal" and entity.name in self._table.quiet):
            return
        other = self._table.entities[judged]
        value = None if frame.state is None and frame.grade is None else self._value(frame, other)
        if value is not None:
            yield self._finding(other, value, frame, None)

    def _number(self, entity: Entity, number: Number, frame: Frame, *, prior: bool = False) -> StatedFinding:
        value: str | None = None
        polarity: Polarity = "measured"
        if number.bound is not None:
            value = next((name for name, low, high in entity.bands if _within(number, low, high)), None)
            if value is not None:
                polarity = "negative" if value in self._table.negative else "positive"
        return StatedFinding(
            entity.name, MEASUREMENT if value is None else "severity", value, polarity,
            "hedged" if frame.doubted else "stated", "prior" if prior or frame.prior else "current",
            number.stated(), number.unit, entity.section,
        )  # fmt: skip

    def _value(self, frame: Frame, entity: Entity) -> str | None:
        kind = entity.kind
        bare = kind.bare.get(frame.aspect, kind.plain)
        value = bare if frame.state is None else kind.states.get(frame.state)
        if frame.denied and frame.state is None and (bare is None or kind.lacking is not None):
            return kind.lacking
        if frame.denied:
            return None if frame.grade is not None or value in self._table.negative else kind.negated
        if frame.state is not None and value in self._table.negative:
            return value
        if kind.ordinal is not None and frame.ordinal is not None:
            return kind.ordinal.format(frame.ordinal.high)
        if kind.graded and frame.graded:
            grade = _joined(*frame.grade) if frame.grade is not None else graded(frame.ordinal)
            return kind.grades.get(grade or "", grade)
        return value

    def _finding(self, entity: Entity, value: str, frame: Frame, number: Number | None) -> StatedFinding:
        polarity = self._polarity(value)
        return StatedFinding(
            entity.names.get(value, entity.name), entity.kind.attribute_of(value), value, polarity,
            "hedged" if frame.doubted or value in self._table.between else "stated",
            "prior" if frame.prior else "current",
            None if number is None else number.stated(), None if number is None else number.unit, entity.section,
        )  # fmt: skip

    def _polarity(self, value: str) -> Polarity:
        if value in self._table.unknown:
            return "unknown"
        return "negative" if value in self._table.negative else "positive"

    def _unseen(self, entity: Entity) -> StatedFinding:
        return StatedFinding(
            entity.name, entity.kind.attribute, NOT_ASSESSED, "unknown", "stated", "current", None, None, entity.section
        )

    def _size(self, part: Part, entity: Entity) -> Number | None:
        """The length that stands beside a size ("aortic root dilated at 43 mm")."""
        if not entity.units:
            return None
        return next((taken for number in part.numbers if (taken := entity.takes(number)) is not None), None)

    def _lengths(self, part: Part) -> Iterator[StatedFinding]:
        """A subject with a bare length."""
        number = next((number for number in part.numbers if number.unit in _LENGTHS), None)
        if number is None:
            return
        subjects: Sequence[str] = [subject for _, subject in part.chunk.subjects]
        for subject in subjects[-1:] if not _stands_apart(part.chunk) else ():
            name = self._table.lengths.get(subject)
            taken = None if name is None else self._table.entities[name].takes(number)
            if name is not None and taken is not None:
                entity = self._table.entities[name]
                time: Time = "prior" if part.chunk.first("prior") is not None else "current"
                yield StatedFinding(
                    entity.name,
                    MEASUREMENT,
                    None,
                    "measured",
                    "stated",
                    time,
                    taken.stated(),
                    taken.unit,
                    entity.section,
                )


def _stands_apart(chunk: Chunk) -> bool:
    """Whether the length stands before its subject, which is only a place: "3 mm, seen on the left atrial side"."""
    subject = max((at for at, _ in chunk.subjects), default=0)
    length = min((at for at, number in chunk.numbers if number.unit in _LENGTHS), default=subject)
    return any(length < at < subject for at in chunk.places)


def _judged_by_percent(entity: Entity, part: Part) -> str | None:
    """The value that a percentage beside it means ("collapses > 50 %")."""
    number = next((number for number in part.numbers if number.unit == "%"), None)
    if number is None or not entity.kind.percent:
        return None
    below = number.bound == "<" or (number.bound is None and number.high < _HALF)
    return entity.kind.percent[0] if below else entity.kind.percent[1]


def graded(ordinal: Ordinal | None) -> str | None:
    """The grade in words that a numeral stands for."""
    if ordinal is None:
        return None
    scale = _PLUS if ordinal.plus else _ROMAN
    low, high = scale[min(ordinal.low, 4)], scale[min(ordinal.high, 4)]
    if low == "moderate" and high == "moderate-severe":
        return high
    return low if low == high else f"{low.split('-')[0]}-{high.split('-')[-1]}"


def _joined(low: str, high: str) -> str:
    return low if low == high else f"{low}-{high}"


def _within(number: Number, low: float, high: float) -> bool:
    """Whether every number inside the bound lies in the band."""
    return number.low >= low and high == float("inf") if number.bound == ">" else number.low <= high and low <= 0
