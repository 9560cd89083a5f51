"""What was posted and what it is worth, from the clips of an answer."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from model.familiarity.study_distance import StudyFamiliarity
from model.study import ClipFacts, FrameRateSource
from service.documents.examination import FamiliarityOut, HeaderOut, LimitCode, LimitOut, RateClips, ViewClips
from service.schemas import ClipOut, SectionOut

_LEAST_VIEW_PROBABILITY = 0.5  # less likely than all other views together
_MISSING_FRAMES = {"frames_left_out", "frame_count_differs"}  # codes of clip warnings


def header_of(
    clips: Sequence[ClipOut],
    facts: Mapping[int, ClipFacts],
    sections: Sequence[SectionOut],
    views: Sequence[str],
    familiarity: StudyFamiliarity | None = None,
) -> HeaderOut:
    """The header of an answer.

    facts: of used clips, by position. views: in the order in which they are listed. familiarity: None without a limit.
    """
    used = [clip for clip in clips if clip.used]
    limits = _limits(clips, facts)
    if familiarity is not None and familiarity.unlike:
        limits.insert(0, LimitOut(code="study_unlike", clips=list(dict.fromkeys(clip.clip for clip in used))))
    return HeaderOut(
        files=len({clip.clip for clip in clips}),
        used=len(used),
        skipped=len(clips) - len(used),
        views=_by_view(used, views),
        frame_rates=_by_rate(used),
        quality="unusable" if not used else "limited" if limits else "no_limit_found",
        limits=limits,
        familiarity=None if familiarity is None else _stated(familiarity),
        sections_assessed=sum(section.assessed for section in sections),
        sections=len(sections),
    )


def _stated(found: StudyFamiliarity) -> FamiliarityOut:
    distance = found.distance if isfinite(found.distance) else None
    return FamiliarityOut(distance=distance, limit=found.limit, unlike=found.unlike)


def _by_view(used: Iterable[ClipOut], order: Sequence[str]) -> list[ViewClips]:
    """Views in their order, each with its clips."""
    found: dict[str | None, list[int]] = {}
    for clip in used:
        found.setdefault(clip.view, []).append(clip.clip)
    place = {view: number for number, view in enumerate(order)}
    return [
        ViewClips(view=view, clips=found[view]) for view in sorted(found, key=lambda name: place.get(name or "", -1))
    ]


def _by_rate(used: Iterable[ClipOut]) -> list[RateClips]:
    """Different rates, slowest first, unknown ones last; to a tenth, which is finer than files state them."""
    found: dict[tuple[float | None, FrameRateSource], list[int]] = {}
    for clip in used:
        if clip.frame_rate_source is not None:
            rate = None if clip.frame_rate_hz is None else round(clip.frame_rate_hz, 1)
            positions = found.setdefault((rate, clip.frame_rate_source), [])
            if clip.clip not in positions:
                positions.append(clip.clip)
    order = sorted(found, key=lambda key: (key[0] is None, key[0] or 0.0, key[1]))
    return [RateClips(frame_rate_hz=key[0], source=key[1], clips=found[key]) for key in order]


def _limits(clips: Iterable[ClipOut], facts: Mapping[int, ClipFacts]) -> list[LimitOut]:
    """What limits the study. A file that was posted twice is no limit."""
    found: dict[LimitCode, list[int]] = {}
    for clip in clips:
        for code in _limits_of(clip, facts.get(clip.clip)):
            positions = found.setdefault(code, [])
            if clip.clip not in positions:
                positions.append(clip.clip)
    return [LimitOut(code=code, clips=positions) for code, positions in found.items()]


def _limits_of(clip: ClipOut, facts: ClipFacts | None) -> Iterable[LimitCode]:
    if not clip.used:
        if clip.skipped != "duplicate":
            yield "clip_skipped"
        return
    if clip.view_probability is not None and clip.view_probability < _LEAST_VIEW_PROBABILITY:
        yield "uncertain_view"
    if clip.out_of_distribution:
        yield "unfamiliar"
    if clip.frame_rate_source == "assumed":
        yield "frame_rate_assumed"
    if facts is not None and not facts.read_to_its_end:
        yield "not_read_to_its_end"
    if facts is not None and _MISSING_FRAMES.intersection(warning.code for warning in facts.warnings):
        yield "frames_missing"
