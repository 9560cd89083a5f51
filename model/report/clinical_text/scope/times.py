"""Which frames of a clause are of an earlier time: told as history, shown by a former study, or ceased by now."""

from collections.abc import Sequence

from model.report.clinical_text.frames import Frame, Part
from model.report.clinical_text.scope.reach import mark

_ONCE = ("past", "prior")  # "three years ago", "previously"


def mark_times(parts: Sequence[Part], lasting: frozenset[str], lesions: frozenset[str]) -> None:
    """Marks the former frames of a clause.

    lasting: aspects that stay after the day they began: a prior valve replacement is still there.
    lesions: aspects that are gone where they ceased; of another it is said that it is normal again.
    """
    told = going_on = False
    for at, part in enumerate(parts):
        told = (told or part.chunk.first("history") is not None) and part.chunk.first("persists") is None
        going_on = going_on and part.chunk.first("now", "comparison") is None
        if told:
            mark(_before_result(part), "prior")
        elif going_on or part.chunk.first(*_ONCE) is not None:
            mark([frame for frame in _former(part) if frame.aspect not in lasting], "prior")
        _age(part, parts[at - 1] if at else None, lesions)
        told = told and part.chunk.first("now", "result") is None
        going_on = going_on or _opens(part, lasting)


def _before_result(part: Part) -> list[Frame]:
    """The frames of a history: not what an examination then showed."""
    result = part.chunk.first("now", "result")
    return [frame for frame in part.frames if result is None or frame.at < result]


def _opens(part: Part, lasting: frozenset[str]) -> bool:
    """Whether all that follows in the clause is of the former time that this part begins with.

    So it is behind "three years ago, ..." and "an echo a year ago showed ...", and not behind "valve replacement ten
    years ago, ...".
    """
    chunk = part.chunk
    place, result = chunk.first(*_ONCE), chunk.first("result")
    if place is None or chunk.first("now", "comparison", "ceased") is not None:
        return False
    if result is not None:
        return place < result
    if not part.frames:
        return not (chunk.words or chunk.subjects or chunk.states)
    past = chunk.first("past")
    leads = past is not None and all(frame.at > past for frame in part.frames)
    return leads and not any(frame.aspect in lasting for frame in part.frames)


def _age(part: Part, before: Part | None, lesions: frozenset[str]) -> None:
    """What an earlier study showed is former; what ceased is denied, and that now."""
    place = part.chunk.first("old")
    if place is not None and part.chunk.first("comparison") is None:
        mark([frame for frame in part.frames if frame.at > place], "prior")
    if before is not None and before.chunk.heading and before.chunk.first("old") is not None:
        mark(part.frames, "prior")
    if part.chunk.first("ceased") is not None:
        for frame in before.frames if before is not None and part.silent else part.frames:
            frame.denied, frame.prior = True, False
            if frame.state is None and frame.aspect not in lesions:
                frame.denied, frame.state = False, "normal"


def _former(part: Part) -> list[Frame]:
    """The frames that "prior" speaks of: not what is compared with it ("EF 40 % compared with 60 % a year prior")."""
    compared, now = part.chunk.first("comparison"), part.chunk.first("now")
    frames = [frame for frame in part.frames if compared is None or frame.at > compared]
    return [frame for frame in frames if now is None or frame.at < now]
