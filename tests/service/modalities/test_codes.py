"""Codes stand where they say they do: pydicom's copy of DICOM's context groups has each, and none is invented."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.sr._concepts_dict import concepts

from model.echo.phrases.reader import english
from model.echo.taxonomy import PHENOTYPES
from model.report.language.language import Slot
from service.modalities.codes import Code, modality_codes
from service.modalities.words import modality_words
from service.renderings.ucum import ucum_code

ECHO = modality_codes("echo")
ELSEWHERE = {"Orphanet 1772 maps to it", "GECCO value sets of HL7 Germany", "HL7 v2 table 0074"}


def coded() -> Iterator[tuple[str, Code]]:
    for name in ("report", "procedure", "service"):
        yield name, getattr(ECHO, name)
    for table in ("phenotypes", "measurements", "traced"):
        for name, code in getattr(ECHO, table).items():
            yield f"{table}.{name}", code


@pytest.mark.parametrize(("name", "code"), [*coded()], ids=lambda value: value if isinstance(value, str) else "")
def test_a_code_is_in_its_context_group_with_its_meaning(name: str, code: Code) -> None:
    if code.source in ELSEWHERE:
        return
    group = int(re.fullmatch(r"CID (\d+)", code.source)[1])  # type: ignore[index]  # a match that fails, fails the test
    keywords: Any = concepts[code.system]  # the types of pydicom's table are another shape than the table
    listed = [
        meaning
        for words in keywords.values()
        for value, (meaning, groups) in words.items()
        if value == code.code and group in groups
    ]
    assert code.display in listed


def _slots() -> list[Slot]:
    """The quantities of sentences."""
    return list(english().slots.values())


def test_codes_are_of_names_that_there_are() -> None:
    assert set(ECHO.phenotypes) <= {phenotype.name for phenotype in PHENOTYPES}
    slots = {slot.name for slot in _slots()}
    known = slots | set(modality_words("echo", "en").measurements)
    assert set(ECHO.measurements) <= known


def test_every_unit_of_a_sentence_has_a_ucum_code() -> None:
    assert [slot.name for slot in _slots() if ucum_code(slot.unit) is None] == []
    assert [phenotype.name for phenotype in PHENOTYPES if ucum_code(phenotype.unit) is None] == []


def test_a_graded_finding_is_coded_only_where_it_is_called() -> None:
    """Our call means moderate or more, or more than a trace: "no" must not deny the lesser degrees."""
    graded = {p.name for p in PHENOTYPES if p.name.endswith(("stenosis", "regurgitation"))} | {"pericardial_effusion"}
    assert {name for name, code in ECHO.phenotypes.items() if code.when == "present"} == graded
    assert ECHO.phenotype("mitral_stenosis", positive=True) is not None
    assert ECHO.phenotype("mitral_stenosis", positive=False) is None
    assert ECHO.phenotype("mitral_stenosis", positive=None) is None


def test_a_number_without_a_method_has_no_code_of_one() -> None:
    for code in ECHO.measurements.values():
        assert not re.search(r"MOD|biplane|single plane|Teichholz|Accel|VTI", code.display)


def test_another_modality_has_codes_of_ours_alone() -> None:
    toy = modality_codes("toy")
    assert (toy.report, toy.phenotypes) == (None, {})
    assert toy.local("size", "Size").system == "local"
    assert modality_codes("").modality == "echo"  # documents of before the modality was named
