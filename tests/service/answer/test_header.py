"""The header counts what was posted and names what limits it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from model.study import ClipFacts, ClipWarning
from service.answer.header import header_of
from service.schemas import ClipOut, SectionOut
from tests.service.renderings.any_document import documents

VIEWS = ("A2C", "A4C", "Subcostal")


def clip(position: int, **changed: Any) -> ClipOut:
    row = {"clip": position, "sha256": "0", "used": True, "skipped": None, "view": "A4C", "view_probability": 0.9}
    row |= {"start_frame": 0, "frame_rate_hz": 30.0, "frame_rate_source": "frame_time", "out_of_distribution": False}
    return ClipOut.model_validate(row | changed)


def skipped(position: int, reason: str) -> ClipOut:
    nothing = dict.fromkeys(("view", "view_probability", "start_frame", "frame_rate_hz", "frame_rate_source"))
    return clip(position, used=False, skipped=reason, **nothing)


def facts(*codes: str, whole: bool = True) -> ClipFacts:
    return ClipFacts(30.0, "frame_time", whole, tuple(ClipWarning(code, "") for code in codes))


def test_views_are_counted_in_their_order_and_rates_grouped_by_their_source() -> None:
    clips = [
        clip(1, view="Subcostal"),
        clip(2),
        clip(3, frame_rate_hz=None, frame_rate_source="assumed"),
        clip(4, view="A2C", frame_rate_hz=25.04),
        clip(5, panel=1),
        clip(5, panel=2),
    ]
    header = header_of(clips, {}, [], VIEWS)
    assert (header.files, header.used, header.skipped) == (5, 6, 0)
    assert [(row.view, row.clips) for row in header.views] == [("A2C", [4]), ("A4C", [2, 3, 5, 5]), ("Subcostal", [1])]
    rates = [(row.frame_rate_hz, row.source, row.clips) for row in header.frame_rates]
    assert rates == [(25.0, "frame_time", [4]), (30.0, "frame_time", [1, 2, 5]), (None, "assumed", [3])]


def test_everything_that_limits_a_study_is_named_with_its_clips() -> None:
    clips = [
        clip(1, view_probability=0.4),
        clip(2, out_of_distribution=True),
        clip(3, frame_rate_hz=None, frame_rate_source="assumed"),
        clip(4),
        clip(5),
        skipped(6, "unreadable"),
        skipped(7, "duplicate"),
    ]
    header = header_of(clips, {4: facts("frames_left_out"), 5: facts(whole=False)}, [], VIEWS)
    assert header.quality == "limited"
    assert {limit.code: limit.clips for limit in header.limits} == {
        "uncertain_view": [1],
        "unfamiliar": [2],
        "frame_rate_assumed": [3],
        "frames_missing": [4],
        "not_read_to_its_end": [5],
        "clip_skipped": [6],
    }


def test_a_file_posted_twice_is_no_limit_and_nothing_used_is_unusable() -> None:
    assert header_of([clip(1), skipped(2, "duplicate")], {}, [], VIEWS).quality == "no_limit_found"
    assert header_of([skipped(1, "static")], {}, [], VIEWS).quality == "unusable"
    assert header_of([], {}, [], ()).quality == "unusable"


@given(st.lists(documents(ClipOut), max_size=4), st.lists(documents(SectionOut), max_size=3))
def test_the_header_of_any_clips_counts_each_once(clips: list[ClipOut], sections: list[SectionOut]) -> None:
    header = header_of(clips, {}, sections, VIEWS)
    assert header.used + header.skipped == len(clips)
    assert sum(len(row.clips) for row in header.views) == header.used
    assert header.sections_assessed <= header.sections == len(sections)
