"""Negation, doubt, time and "not seen" over the parts of one clause."""

from collections.abc import Mapping, Sequence

from model.report.clinical_text.frames import Part
from model.report.clinical_text.scope.reach import backward, forward, mark
from model.report.clinical_text.scope.times import mark_times


def apply_scope(
    parts: Sequence[Part], attends: Mapping[str, str], lasting: frozenset[str], lesions: frozenset[str]
) -> None:
    """Marks the frames of one clause as denied, doubted, prior, unseen or dropped.

    attends: aspect → the aspect that it describes more closely, and falls with ("no concentric hypertrophy").
    lasting: aspects that stay after the day they began: a prior valve replacement is still there.
    lesions: aspects that are there or not, and no more where they ceased.
    """
    if not any(part.chunk.cues for part in parts):
        return  # no trigger, nothing to mark
    forward(parts, ("negation",), "denied", lasting)
    forward(parts, ("hedge", "hedge_adverb"), "doubted", lasting)
    backward(parts, "negation_after", "denied")
    backward(parts, "hedge_after", "doubted")
    backward(parts, "not_assessed", "unseen")
    planned = False
    for part in parts:
        if part.chunk.first("doubt") is not None:
            mark(part.frames, "doubted")
        planned = _planned(part, planned)
    mark_times(parts, lasting, lesions)
    _drop_attendants(parts, attends)


def _planned(part: Part, planned: bool) -> bool:
    """Drops what is only asked for or planned, and tells whether a plan goes on: a result ends it."""
    plan, result = part.chunk.first("plan"), part.chunk.first("result")
    planned = planned or plan is not None
    ended = result is not None and (plan is None or plan < result)
    if planned:
        mark([frame for frame in part.frames if result is None or not ended or frame.at < result], "dropped")
    return planned and not ended


def _drop_attendants(parts: Sequence[Part], attends: Mapping[str, str]) -> None:
    """Drops what describes a denied aspect more closely ("concentric, not hypertrophied")."""
    denied = {frame.aspect for part in parts for frame in part.frames if frame.denied}
    for part in parts:
        for frame in part.frames:
            frame.dropped = frame.dropped or attends.get(frame.aspect) in denied
