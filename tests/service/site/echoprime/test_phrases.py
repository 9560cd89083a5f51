import json
from pathlib import Path

import pytest

from model.echo.taxonomy import ECHO_TAXONOMY
from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.layout import find_release
from service.site.echoprime.phrases import ReleasePhrases, read_phrases
from tests.service.site.echoprime.small_release import GRAFT, LEFT, PHRASES, PULMONIC, write_release


@pytest.fixture
def phrases(tmp_path: Path) -> ReleasePhrases:
    return read_phrases(find_release(write_release(tmp_path / "R")).phrases, ECHO_TAXONOMY)


def test_phrases_are_numbered_through_the_groups_of_a_section(phrases: ReleasePhrases) -> None:
    assert phrases.sections == tuple(PHRASES)
    for section, number, template in (
        (LEFT, 2, "Akinesis of the <string>."),
        (PULMONIC, 1, "Moderate pulmonic leak"),
        (GRAFT, 0, "A graft is seen."),
    ):
        assert phrases.table[int(phrases.first[section]) + number].template == template
    assert [row.slot for row in phrases.table][:4] == ["numerical", None, "string", "numerical"]
    assert phrases.table[0].numberless == ""


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        ("{", "cannot be read"),
        ("[]", "an object of sections"),
        ("{}", "has no section"),
        (None, "a phrase is expected"),
    ],
)
def test_files_of_another_form_are_named(tmp_path: Path, content: str | None, reported: str) -> None:
    path = tmp_path / "all_phr.json"
    path.write_text(json.dumps({**PHRASES, "Aorta": {"Size": [5]}}) if content is None else content)
    with pytest.raises(ReleaseMismatch, match=reported):
        read_phrases(path, ECHO_TAXONOMY)
