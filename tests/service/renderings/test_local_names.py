"""Positions in our own sentences become local names; every other number stays."""

import pytest

from service.renderings.local_names import with_names, without_common_folder

NAMES = {1: "a/1.dcm", 2: "a/2.dcm", 3: "b.mp4"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The same bytes as the file at position 2.", "The same bytes as the file at a/2.dcm."),
        ("Shows the same loop as the clip at position 3, picture 2, which counts.", "b.mp4, picture 2, which"),
        ("of more than one study, by position: 1, 3; 2.", "of more than one study, a/1.dcm, b.mp4; a/2.dcm."),
        ("Clips 1, 3/2 are longer than the limit", "Clips a/1.dcm, b.mp4/2 are longer"),
        ("Clip 3: 2 of 40 frames are damaged", "Clip b.mp4: 2 of 40 frames"),
        ("Zu lang, nicht bis zum Ende gelesen: Clips 1, 2.", "Clips a/1.dcm, a/2.dcm."),
        ("Path 3 of the upload is neither", "b.mp4 is neither"),
        ("The file has 3 bytes; the limit is 2.", "The file has 3 bytes; the limit is 2."),
        ("12 clips of 3 views", "12 clips of 3 views"),
        ("the file at position 9", "the file at 9"),
    ],
)
def test_positions_become_names(text: str, expected: str) -> None:
    assert expected in with_names(text, NAMES)
    assert with_names(text, {}) == text


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({1: "/s/0/a.dcm", 2: "/s/0/b.dcm"}, {1: "a.dcm", 2: "b.dcm"}),
        ({1: "s/0/a.dcm", 2: "s/1/a.dcm"}, {1: "0/a.dcm", 2: "1/a.dcm"}),
        ({1: "s/a/a.dcm", 2: "s/a.dcm"}, {1: "a/a.dcm", 2: "a.dcm"}),
        ({7: "a.dcm"}, {7: "a.dcm"}),
        ({7: ""}, {7: ""}),
        ({}, {}),
    ],
)
def test_a_folder_that_all_files_share_is_left_out(names: dict[int, str], expected: dict[int, str]) -> None:
    assert without_common_folder(names) == expected
