"""What the parts of one clause share: a list has one predicate, one subject, one grade or one negation for all."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from model.report.clinical_text.distribution import Distribution
from model.report.clinical_text.finding_table import FindingTable
from model.report.clinical_text.frames import LIST_JOINS, Frame, FrameBuilder, Part
from model.report.clinical_text.loose_parts import LooseParts

_MOST = 30.0  # items of a list; a longer one numbers no statements


@dataclass
class Context:
    """What earlier text speaks of: the subject named last, newest first."""

    subjects: list[str]
    begun: tuple[str, ...] = field(init=False)  # what the text began with

    def __post_init__(self) -> None:
        self.begun = tuple(self.subjects)

    def restart(self) -> None:
        """Forgets what was named since the text began: a further item of a numbered list speaks for itself."""
        self.subjects[:] = self.begun

    def names(self, subject: str) -> None:
        """Takes note of a subject."""
        if subject in self.subjects:
            self.subjects.remove(subject)
        self.subjects.insert(0, subject)


class Sharing:
    """Fills what a part lacks from its neighbours."""

    def __init__(self, builder: FrameBuilder) -> None:
        self._builder = builder
        self._table: FindingTable = builder.table
        self._distribution = Distribution(builder)
        self._loose = LooseParts(builder)

    def share(self, parts: Sequence[Part], context: Context) -> None:
        """Completes the parts of a clause in place."""
        if _numbers_item(parts[0]):
            context.restart()
        for at in range(len(parts) - 2, -1, -1):
            self._distribution.from_right(parts, at)
        for at in range(len(parts) - 2, -1, -1):
            self._share_back(parts[at], parts[at + 1])
        for at, part in enumerate(parts):
            self._from_left(parts, at)
            self._subject(parts, at, context)
            self._own_default(parts, at, context)
            for subject in (*(subject for _, subject in part.chunk.subjects), *(f.subject for f in part.frames)):
                if subject is not None:
                    context.names(subject)

    def _share_back(self, part: Part, after: Part) -> None:
        """Gives a grade that ends a list to what stands before ("MR and TR grade I")."""
        ends = after.chunk.join == "and" and not after.leading and bool(after.frames)
        if ends and part.chunk.lone and part.frames and not part.leading:
            for frame in part.frames:
                if frame.aspect in self._table.lesions and not frame.graded and frame.state is None:
                    frame.grade, frame.ordinal = after.frames[0].grade, after.frames[0].ordinal

    def _from_left(self, parts: Sequence[Part], at: int) -> None:
        part, before = parts[at], parts[at - 1] if at else Part(parts[at].chunk)
        joined = bool(at) and part.chunk.join in LIST_JOINS
        for frame in part.frames:
            if self._builder.is_stateless(frame):
                own = next((f.state for f in part.frames if f.state and self._builder.means(frame, f.state)), None)
                state, grade = (own, None) if own else self._state_beside(parts, at, joined=joined)
                if state is None or self._builder.means(frame, state):
                    frame.state, frame.grade = state, grade
            elif frame.aspect in self._table.lesions and joined and not frame.graded and frame.state is None:
                self._share_grade(frame, part, before)
        adds = part.subjects and part.chunk.bare and joined and not part.chunk.heading
        if adds and not part.frames and before.frames and not part.state:
            part.frames = [
                frame.for_subject(subject) for frame in before.frames for subject in part.subjects
                if not frame.fixed and frame.number is None and self._builder.fits(subject, frame.aspect)
            ]  # fmt: skip
        if at and not part.frames and not part.subjects:
            self._loose.goes_on(part, before, parts[:at])

    def _share_grade(self, frame: Frame, part: Part, before: Part) -> None:
        """Gives the grade that leads a list to all of it ("mild MR and TR")."""
        last = before.frames[-1] if before.frames else None
        if last is not None and before.leading and last.aspect in self._table.lesions and not part.chunk.cues:
            frame.grade, frame.ordinal = last.grade, last.ordinal
            part.leading = True

    def _state_beside(
        self, parts: Sequence[Part], at: int, *, joined: bool
    ) -> tuple[str | None, tuple[str, str] | None]:
        """The state that a list gives: that of the part before where it leads, else that of a part behind."""
        frames = parts[at - 1].frames if joined else []
        before = next((f for f in reversed(frames) if f.state is not None), None)
        if before is not None and parts[at - 1].leading:
            return before.state, before.grade
        for part in parts[at + 1 :]:
            if part.chunk.join == "stop" and not parts[at].chunk.heading:  # "A is normal, B however ...": not the same
                return None, None
            if part.chunk.join not in LIST_JOINS or part.leading:
                break
            behind = next((f for f in part.frames if f.state is not None), None)
            if behind is not None or part.state is not None:
                return (behind.state, behind.grade) if behind is not None else (part.state, part.grade)
        return (before.state, before.grade) if before is not None else (None, None)

    def _subject(self, parts: Sequence[Part], at: int, context: Context) -> None:
        """Frames without a subject take the nearest that fits: of parts before, earlier text, else the usual one."""
        for frame in parts[at].frames:
            if frame.subject is None:
                near_parts = (parts[at], *reversed(parts[:at]))
                earlier = [subject for part in near_parts for subject in _named(part)]
                whole = [self._table.parents.get(subject, subject) for subject in (*earlier, *context.subjects)]
                near = [s for pair in zip((*earlier, *context.subjects), whole, strict=True) for s in pair]
                place = self._place(parts, at) or self._described(parts, at, frame) or self._owner(parts, at, frame)
                near = near if place is None else [place, *near]
                found = [subject for subject in near if self._builder.fits(subject, frame.aspect)]
                frame.dropped |= place is not None and place not in found and frame.aspect not in self._table.lesions
                frame.subject = found[0] if found else self._table.default_subject(frame.aspect)
                if self._of_another(parts, at, frame, near):
                    frame.subject = None

    def _of_another(self, parts: Sequence[Part], at: int, frame: Frame, near: list[str]) -> bool:
        """Whether it is said of what has no such finding here: of a coronary, or of the valve named last."""
        last = next((part.chunk.subjects for part in reversed(parts[:at]) if part.chunk.subjects or part.frames), [])
        if frame.aspect in self._table.lesions and any(subject in self._table.foreign for _, subject in last):
            return True
        first = next((subject for subject in near if subject in self._table.siblings), None)
        return first is not None and frame.subject in self._table.siblings and frame.subject != first

    def _place(self, parts: Sequence[Part], at: int) -> str | None:
        """The subject of a lasting thing that the part behind names as the place ("no stenosis of the prosthesis")."""
        after = parts[at + 1] if at + 1 < len(parts) else None
        if after is None or not after.frames or not after.chunk.led:
            return None
        return after.frames[0].subject if after.frames[0].aspect in self._table.lasting else None

    def _described(self, parts: Sequence[Part], at: int, frame: Frame) -> str | None:
        """What adjectives before their noun speak of: "a swollen and stiff left knee"."""
        own = any(head.at == frame.at and head.state is not None for head in parts[at].chunk.heads)
        told = own and frame.state is not None and frame.aspect not in self._table.lesions
        named = self._noun(parts, at) if told else []
        return next((subject for subject in named if self._builder.fits(subject, frame.aspect)), None)

    def _owner(self, parts: Sequence[Part], at: int, frame: Frame) -> str | None:
        """Whose both nouns of a pair are: "size and function of the ventricles"."""
        after = parts[at + 1] if at + 1 < len(parts) else None
        if after is None or after.chunk.join != "and" or not parts[at].chunk.bare or parts[at].chunk.subjects:
            return None
        named = [s for _, s in after.chunk.subjects] if after.frames else []
        return next((subject for subject in named if self._builder.fits(subject, frame.aspect)), None)

    def _noun(self, parts: Sequence[Part], at: int) -> list[str]:
        """The subjects of the part behind, where this part has none and that one's predicate leads."""
        after = parts[at + 1] if at + 1 < len(parts) else None
        goes_on = after is not None and after.leading and after.chunk.join in LIST_JOINS
        return [s for _, s in after.chunk.subjects] if goes_on and after and not parts[at].chunk.subjects else []

    def _own_default(self, parts: Sequence[Part], at: int, context: Context) -> None:
        """A subject with a state and no aspect: the aspect that this state has of it ("IVC dilated")."""
        part = parts[at]
        if part.frames or part.state is None or part.chunk.heading:
            return
        near = self._noun(parts, at)[:1] or context.subjects[:1]
        named = part.subjects or (near if part.chunk.words <= 1 else [])
        for subject in named:
            members = self._table.groups.get(subject, (subject,))
            for member in members:
                aspect = self._table.defaults.get(member, {}).get(part.state)
                if aspect is not None:
                    part.frames.append(Frame(0, member, aspect, part.state, part.grade, part.ordinal))


def _numbers_item(part: Part) -> bool:
    """Whether a part is the number of an item of a list: "2." or "(2)"."""
    number = part.numbers[0] if part.numbers and part.chunk.size == 1 else None
    return number is not None and number.unit is number.bound is None and number.low.is_integer() and number.low < _MOST


def _named(part: Part) -> list[str]:
    """What a part speaks of, the last first."""
    if part.frames:
        return [frame.subject for frame in reversed(part.frames) if frame.subject]
    return list(reversed(part.subjects))
