"""Parts of their own words only: a grade, a state or a number that goes on about what stands before it."""

from collections.abc import Sequence

from model.report.clinical_text.frames import Frame, FrameBuilder, Part

_BESIDE = frozenset({"comma", "colon", "dash", "paren", "after"})


class LooseParts:
    """Gives a part without a subject and an aspect those of the part before."""

    def __init__(self, builder: FrameBuilder) -> None:
        self._builder = builder

    def goes_on(self, part: Part, before: Part, earlier: Sequence[Part]) -> None:
        """Completes the part, or one before it, in place. earlier: the parts of the clause up to `before`."""
        if not before.frames and not before.subjects:
            return
        if part.grade is not None or part.ordinal is not None:
            self._grade(part, before, earlier)
        elif part.state is not None:
            self._state(part, before)
        if part.numbers and not self._inserted(part, earlier):
            self._number(part, before)

    def _grade(self, part: Part, before: Part, earlier: Sequence[Part]) -> None:
        """A grade behind its lesion ("MR: mild"), or another of another time ("previously moderate, now mild")."""
        waiting = [frame for frame in before.frames if not frame.graded and frame.number is None]
        waiting = waiting or self._lesions_of(earlier)
        if waiting and not part.chunk.cues:
            waiting[-1].grade, waiting[-1].ordinal = part.grade, part.ordinal
            part.grade = part.ordinal = None
        elif part.chunk.first("prior", "now") is not None and before.frames:
            last = before.frames[-1]
            part.frames = [Frame(0, last.subject, last.aspect, last.state, part.grade, part.ordinal)]

    def _lesions_of(self, parts: Sequence[Part]) -> list[Frame]:
        """Lesions without a grade ("AS with Vmax 4.2 m/s, severe")."""
        lesions = self._builder.table.lesions
        return [f for part in parts for f in part.frames if f.aspect in lesions and not f.graded and f.state is None]

    def _state(self, part: Part, before: Part) -> None:
        waiting = [frame for frame in before.frames if self._waits(frame, part.state)]
        for frame in waiting:
            frame.state = part.state
        if waiting:
            part.state = None

    def _waits(self, frame: Frame, state: str | None) -> bool:
        """Whether a state behind it is said of the frame: "effusion: small", "EF 60 % (normal)"."""
        if frame.state is not None or state is None:
            return False
        lesion = frame.aspect in self._builder.table.lesions
        return self._builder.means(frame, state) and not (lesion and (state == "normal" or frame.graded))

    def _inserted(self, part: Part, earlier: Sequence[Part]) -> bool:
        """Gives a number to the quantity before an insertion ("RVSP, estimated from the TR velocity, is 52 mmHg")."""
        last = earlier[-1].frames[-1] if earlier[-1].frames else None
        entity = None if last is None else self._builder.entity(last)
        if entity is None or last is None or not self._builder.is_quantity(last) or entity.takes(part.numbers[0]):
            return False
        for before in reversed(earlier[:-1]):
            for frame in before.frames:
                own = self._builder.entity(frame) if self._builder.is_quantity(frame) else None
                if own is not None and frame.number is None and own.takes(part.numbers[0]):
                    frame.number = part.numbers.pop(0)
                    return True
            measured = self._builder.measured(before, part.numbers[0])
            if measured is not None:
                part.frames = [measured]
                part.numbers.pop(0)
                return True
        return False

    def _number(self, part: Part, before: Part) -> None:
        """A number behind its quantity, or the size of what was named last."""
        last = before.frames[-1] if before.frames else None
        if last is not None and self._builder.is_quantity(last):
            self._measurement(part, last, before)
        elif (measured := self._builder.measured(before, part.numbers[0])) is not None:
            part.frames = [measured]
            part.numbers.pop(0)
        elif last is not None and self._is_size(part, last):
            before.numbers.append(part.numbers.pop(0))
        elif before.subjects and part.chunk.join in ("colon", "dash"):
            part.chunk.subjects = before.chunk.subjects

    def _measurement(self, part: Part, last: Frame, before: Part) -> None:
        if last.number is None and part.chunk.join in _BESIDE:
            last.number = part.numbers.pop(0)
            return
        entity = self._builder.entity(last)
        if entity is None or entity.takes(part.numbers[0]) is None:
            return
        changed = part.chunk.first("now", "prior", "change") is not None or before.chunk.first("prior") is not None
        if changed or part.chunk.method is not None:
            part.frames = [Frame(0, last.subject, last.aspect, number=part.numbers.pop(0))]
            if not changed:
                _prefer(part, before)

    def _is_size(self, part: Part, last: Frame) -> bool:
        """Whether the part's number is the size of what was named last ("pericardial effusion, 12 mm")."""
        entity = self._builder.entity(last)
        fits = entity is not None and bool(entity.units) and entity.takes(part.numbers[0]) is not None
        return fits and part.chunk.join in _BESIDE


def _prefer(one: Part, other: Part) -> None:
    """Drops the number of the worse of two ways of measuring; methods are named by rank."""
    if one.chunk.method is not None and other.chunk.method is not None:
        worse = other if one.chunk.method < other.chunk.method else one
        worse.frames[-1].dropped = True
