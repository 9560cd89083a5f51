"""A list before its predicate: "mitral and aortic valves are normal", "mild mitral and tricuspid regurgitation"."""

from collections.abc import Sequence

from model.report.clinical_text.frames import LIST_JOINS, Frame, FrameBuilder, Part


class Distribution:
    """Gives a part that names only a subject what the part behind it says."""

    def __init__(self, builder: FrameBuilder) -> None:
        self._builder = builder
        self._table = builder.table

    def from_right(self, parts: Sequence[Part], at: int) -> None:
        """Completes the part at a place from the one behind it, in place."""
        part, after = parts[at], parts[at + 1]
        self._describe(part, after, parts[at - 1] if at else None)
        if not self._waits(part, after) or self._belongs_left(part, parts[at - 1] if at else None):
            return
        if part.state is not None:
            self._take_aspects(part, after)
        elif after.frames:
            for frame in after.frames:
                self._take_predicate(part, after, frame)
        elif after.state is not None and part.chunk.bare:
            part.state = after.state
            part.grade = part.grade or after.grade

    def _describe(self, part: Part, after: Part, before: Part | None) -> None:
        """Gives an adjective that stands apart to the lesion behind it: "mild, eccentric mitral regurgitation"."""
        told = (part.grade or part.ordinal or part.state) and not part.frames and not part.chunk.subjects
        alone = told and _ends_with_predicate(part) and part.chunk.join != "colon"
        taken = before is not None and any(not frame.graded for frame in before.frames)
        denied = after.chunk.first("negation") is not None
        if not alone or taken or denied or after.chunk.join != "comma":
            return
        for frame in after.frames:
            if frame.aspect in self._table.lesions and not frame.graded and frame.state is None:
                frame.grade, frame.ordinal, frame.state = part.grade, part.ordinal, part.state
                part.grade = part.ordinal = part.state = None
                return

    def _waits(self, part: Part, after: Part) -> bool:
        """Whether the part names a subject and leaves the rest to the part behind; a denial stays with its own part."""
        if part.frames or not part.subjects or part.chunk.heading or after.chunk.heading:
            return False
        denied_behind = after.chunk.first("negation") is not None and part.chunk.first("negation") is None
        return after.chunk.join in LIST_JOINS and not denied_behind

    def _belongs_left(self, part: Part, before: Part | None) -> bool:
        """Whether the part goes on a list whose predicate led it ("dilated LA and RA")."""
        told = before is not None and before.leading and (bool(before.frames) or before.state is not None)
        led = told and part.chunk.join in LIST_JOINS
        return led and part.state is None and part.chunk.bare and part.grade is None

    def _take_aspects(self, part: Part, after: Part) -> None:
        """Takes the aspects behind for a subject that has a state: "normal LV and RV size"."""
        for frame in after.frames:
            if frame.state is None and frame.aspect not in self._table.lesions:
                part.frames += [
                    Frame(0, subject, frame.aspect, part.state, part.grade)
                    for subject in part.subjects
                    if self._table.entity_of(subject, frame.aspect)
                ]
        part.leading = part.leading or bool(part.frames)

    def _take_predicate(self, part: Part, after: Part, frame: Frame) -> None:
        """Takes what a frame behind says for the part's own subjects, and shares a grade that leads the list."""
        shared = not frame.fixed or (frame.aspect in self._table.lesions and after.chunk.join in ("and", "or"))
        if not shared or self._builder.is_quantity(frame):
            return
        part.frames += [
            Frame(0, subject, frame.aspect, frame.state, part.grade or frame.grade, frame.ordinal)
            for subject in part.subjects
            if self._builder.fits(subject, frame.aspect) and self._allows(part, subject, frame.aspect)
        ]
        if not frame.graded and frame.aspect in self._table.lesions and part.grade is not None:
            frame.grade = part.grade
            after.leading = True

    def _allows(self, part: Part, subject: str, aspect: str) -> bool:
        """Whether the part's own number, if any, is one of that aspect ("root 43 mm, ascending 41 mm, ectatic")."""
        entity = self._table.entity_of(subject, aspect)
        return not part.numbers or (entity is not None and entity.takes(part.numbers[0]) is not None)


def _ends_with_predicate(part: Part) -> bool:
    """Whether its grade or state is its last item: "was found to have a large, ..."."""
    chunk = part.chunk
    places = [at for at, _ in chunk.states] + [at for at, _, _ in chunk.grades] + [at for at, _ in chunk.ordinals]
    return max(places, default=-1) == chunk.size - 1
