"""Chunks → frames: each aspect that a chunk speaks of, with subject, state, grade and number that stand beside it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from model.report.clinical_text.chunks import Chunk, Head
from model.report.clinical_text.finding_table import Entity, FindingTable
from model.report.clinical_text.numbers import Number, Ordinal

Grade = tuple[str, str]
MEASUREMENT = "measurement"
LIST_JOINS = frozenset({"comma", "and", "or"})  # joints between the items of a list


@dataclass(slots=True)
class Frame:
    """One statement on its way. at: place of its head in the chunk. fixed: the head itself names the subject."""

    at: int
    subject: str | None
    aspect: str
    state: str | None = None
    grade: Grade | None = None
    ordinal: Ordinal | None = None
    number: Number | None = None
    fixed: bool = False
    denied: bool = False
    doubted: bool = False
    prior: bool = False
    unseen: bool = False
    dropped: bool = False
    changed: bool = False  # its range is from then to now

    @property
    def graded(self) -> bool:
        """Whether a grade was given."""
        return self.grade is not None or self.ordinal is not None

    def for_subject(self, subject: str) -> "Frame":
        """The same said of another subject."""
        return Frame(self.at, subject, self.aspect, self.state, self.grade, self.ordinal)


@dataclass(slots=True)
class Part:
    """A chunk with its frames; what no frame took is loose."""

    chunk: Chunk
    frames: list[Frame] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    state: str | None = None
    grade: Grade | None = None
    ordinal: Ordinal | None = None
    numbers: list[Number] = field(default_factory=list)
    leading: bool = False  # the predicate stands before its subject: "dilated LA"

    @property
    def silent(self) -> bool:
        """Whether nothing is left to say."""
        return not (self.frames or self.subjects or self.state or self.grade or self.ordinal or self.numbers)


class FrameBuilder:
    """Builds the frames of chunks by a table of findings."""

    def __init__(self, table: FindingTable) -> None:
        self.table = table
        self._quantities: dict[str, bool] = {}  # aspect → whether it is a measurement

    def part_of(self, chunk: Chunk) -> Part:
        """The chunk with its frames."""
        part = Part(chunk)
        heads = _merged(chunk.heads)
        part.frames = [Frame(h.at, h.subject, h.aspect, h.state, fixed=h.fixed) for h in heads]
        self._give_states(part)
        for frame in part.frames:
            frame.aspect = self.table.turns.get(frame.aspect, {}).get(frame.state or "", frame.aspect)
        self._give_subjects(part)
        self._give_grades(part)
        self._give_numbers(part)
        bordering = any(state == "borderline" for _, state in chunk.states)
        for frame in part.frames:
            frame.doubted = bordering and frame.state != "borderline"
        places = [at for at, _ in chunk.subjects]
        predicates = [at for at, _ in chunk.states] + [at for at, _, _ in chunk.grades]
        predicates += [head.at for head in heads if head.state]
        part.leading = bool(places and predicates) and min(predicates) < min(places)
        led = bool(places and predicates) and min(places) < min(predicates)  # "LA dilatiert"
        if predicates and part.frames and not led:
            part.leading |= min(predicates) <= min(frame.at for frame in part.frames)
        return part

    def entity(self, frame: Frame) -> Entity | None:
        """The entity of a frame whose subject is known."""
        return None if frame.subject is None else self.table.entity_of(frame.subject, frame.aspect)

    def is_quantity(self, frame: Frame) -> bool:
        """Whether the frame's aspect is a measurement."""
        return self.measures(frame.aspect)

    def is_stateless(self, frame: Frame) -> bool:
        """Whether the frame still needs to be told how its aspect is."""
        quiet = frame.state is None and not frame.graded and frame.number is None
        return quiet and frame.aspect not in self.table.lesions and not self.is_quantity(frame)

    def measures(self, aspect: str) -> bool:
        """Whether the aspect is a measurement."""
        known = self._quantities.get(aspect)
        if known is None:
            known = self._quantities[aspect] = self._measured(aspect)
        return known

    def _measured(self, aspect: str) -> bool:
        names = self.table.aspects.get(aspect, {})
        name = next((entity for key, entity in names.items() if key != "*"), None)
        return name is not None and self.table.entities[name].kind.attribute == MEASUREMENT

    def _give_states(self, part: Part) -> None:
        for at, state in part.chunk.states:
            open_frames = [
                frame for frame in part.frames
                if frame.state is None and self.means(frame, state)
                and not (state == "normal" and frame.aspect in self.table.lesions)
            ]  # fmt: skip
            if open_frames:
                nearest = min(open_frames, key=lambda frame: (abs(frame.at - at), -frame.at))
                nearest.state = state
                for frame in open_frames:  # "wall motion and thickness are normal" in one chunk
                    frame.state = frame.state or state
            elif part.state is None and not any(frame.aspect in self.table.lesions for frame in part.frames):
                part.state = state

    def means(self, frame: Frame, state: str) -> bool:
        """Whether the state says anything of the frame's aspect."""
        if self.is_quantity(frame):
            return True
        entities = self.table.aspects.get(frame.aspect, {})
        return any(state in self.table.entities[name].kind.states for key, name in entities.items() if key != "*")

    def _give_subjects(self, part: Part) -> None:
        named = part.chunk.subjects
        for frame in part.frames:
            if frame.subject is not None or not named:
                continue
            fitting = [(abs(at - frame.at), subject) for at, subject in named if self.fits(subject, frame.aspect)]
            fitting = fitting or [
                (abs(at - frame.at), self.table.parents[subject]) for at, subject in named
                if subject in self.table.parents and self.fits(self.table.parents[subject], frame.aspect)
            ]  # fmt: skip
            if fitting:
                frame.subject = min(fitting)[1]
            elif not self.is_quantity(frame):  # it is said of something that has no such entity
                foreign = any(subject in self.table.foreign for _, subject in named)
                frame.dropped = foreign or frame.aspect not in self.table.lesions
        if not part.frames or part.state is not None:
            part.subjects = list(dict.fromkeys(subject for _, subject in named))

    def fits(self, subject: str, aspect: str) -> bool:
        """Whether the subject, or a member of it, has that aspect."""
        members = self.table.groups.get(subject, (subject,))
        return any(self.table.entity_of(member, aspect) is not None for member in members)

    def _give_grades(self, part: Part) -> None:
        graded = [frame for frame in part.frames if self._gradable(frame)]
        for at, low, high in part.chunk.grades:
            if self._of_loose_state(part, at):
                continue
            free = [frame for frame in graded if not frame.graded]
            after = [frame for frame in free if frame.at >= at]
            chosen = after[0] if after else free[-1] if free else None
            if chosen is not None:
                chosen.grade = (low, high)
            elif part.grade is None and not graded:
                part.grade = (low, high)
        for at, ordinal in part.chunk.ordinals:
            free = [frame for frame in graded if not frame.graded]
            before = [frame for frame in free if frame.at <= at]
            if free:
                (before[-1] if before else free[0]).ordinal = ordinal
            elif part.ordinal is None and not graded:
                part.ordinal = ordinal

    def _of_loose_state(self, part: Part, at: int) -> bool:
        """Whether a grade leads a state that says nothing of what is named ("marked reduction of the size")."""
        if part.state is None or not part.frames:
            return False
        place = min((place for place, _ in part.chunk.states if place > at), default=None)
        told = any(place is not None and at < frame.at < place for frame in part.frames)
        state = next((state for where, state in part.chunk.states if where == place), None)
        return state == part.state and not told

    def _gradable(self, frame: Frame) -> bool:
        """Whether the aspect has grades, or is a measurement, of which a grade can be said too."""
        names = self.table.aspects.get(frame.aspect, {})
        kinds = [self.table.entities[name].kind for key, name in names.items() if key != "*"]
        return any(kind.graded or kind.ordinal or kind.attribute == MEASUREMENT for kind in kinds)

    def _give_numbers(self, part: Part) -> None:
        quantities = [frame for frame in part.frames if self.is_quantity(frame)]
        cues = {name for _, name in part.chunk.cues}
        moved = "shift" in cues or {"change", "from"} <= cues
        places = {at for at, _ in part.chunk.numbers}
        for at, number in part.chunk.numbers:
            free = [frame for frame in quantities if frame.number is None and self._takes(frame, number)]
            before = [frame for frame in free if frame.at < at]
            if not before:  # a number before its quantity, unless that has one right behind it ("PG 74 mean 45")
                free = [frame for frame in free if frame.at + 1 not in places]
            if free:
                taking = before[-1] if before else free[0]
                taking.number, taking.changed = number, moved
            elif number.high == 0 and number.unit is None and self._denied(part):
                continue
            elif (measured := self.measured(part, number)) is not None:
                part.frames.append(measured)
            elif (changed := self._changed(part, quantities, number)) is not None:
                part.frames.append(changed)
            else:
                part.numbers.append(number)

    def _denied(self, part: Part) -> bool:
        """Whether a lone lesion took the nought behind it as its grade ("AI 0")."""
        lesions = [frame for frame in part.frames if frame.aspect in self.table.lesions and not frame.graded]
        for frame in lesions:
            frame.denied = True
        return bool(lesions)

    def measured(self, part: Part, number: Number) -> Frame | None:
        """The measurement that a number beside a quantity named in words is ("PA pressure 41 mm Hg")."""
        for frame in part.frames:
            aspect = self.table.measured.get(frame.aspect)
            entity = None if aspect is None or frame.subject is None else self.table.entity_of(frame.subject, aspect)
            if aspect is not None and entity is not None and entity.takes(number) is not None:
                return Frame(frame.at, frame.subject, aspect, number=number, fixed=True)
        return None

    def _changed(self, part: Part, quantities: list[Frame], number: Number) -> Frame | None:
        """The second of two numbers, where the first was then and this is now ("from 50 % to 35 %")."""
        last = next((f for f in reversed(quantities) if f.number is not None and self._takes(f, number)), None)
        if last is None or last.prior or part.chunk.first("change", "shift") is None:
            return None
        last.prior = True
        return Frame(last.at, last.subject, last.aspect, number=number, fixed=last.fixed)

    def _takes(self, frame: Frame, number: Number) -> bool:
        names = self.table.aspects.get(frame.aspect, {})
        return any(self.table.entities[name].takes(number) for key, name in names.items() if key != "*")


def _merged(heads: Iterable[Head]) -> list[Head]:
    """Heads without those that another head of the same aspect says more fully ("dilated in size")."""
    kept: list[Head] = []
    for head in heads:
        same = next((k for k in kept if k.aspect == head.aspect and None in (k.subject, head.subject)), None)
        if same is not None and (same.state is None or head.state in (None, same.state)):
            same.state = same.state or head.state
            same.subject = same.subject or head.subject
            same.fixed = same.fixed or head.fixed
        else:
            kept.append(Head(head.at, head.subject, head.aspect, head.state, head.fixed))
    return kept
