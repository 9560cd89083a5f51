import pytest

from model.echo.taxonomy import ECHO_TAXONOMY
from service.site.reports.headings import HeadingMap

MAP = HeadingMap(
    (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections), {"Pericardium": ["Pericardial findings"]}, ["Plan"]
)


@pytest.mark.parametrize(
    "text",
    [
        "LEFT VENTRICLE: Normal size.\nAORTIC VALVE: Mild AS.",
        "LEFT VENTRICLE: Normal size. AORTIC VALVE: Mild AS.",
        "Left Ventricle\n--------------\nNormal size.\n\nAortic Valve\n============\nMild AS.",
        "1. LV\nNormal size.\n2. AV\nMild AS.",
        "**LV:** Normal size.\n**Aortic valve:** Mild AS.",
        "## Left ventricle\nNormal size.\n## Aortic valve\nMild AS.",
        "[LV] \nNormal size.\n[AoV]\nMild AS.",
        "LV - Normal size.\r\nAV – Mild AS.",
        "Linker Ventrikel: Normal size.\nAortenklappe: Mild AS.",
        "Indication: chest pain, Mr X\nLV: Normal size.\nAV: Mild AS.\nSIGNED BY: Dr X\nPlan: Mr X returns",
        "LV: Normal size.\nAV: Mild AS.\nLOCAL REMARKS: Mr X",
    ],
)
def test_every_style_gives_the_same_sections(text: str) -> None:
    assert MAP.split(text).sections == {"Left Ventricle": "Normal size.", "Aortic Valve": "Mild AS."}


def test_the_sites_own_name_of_a_section_and_text_in_two_places() -> None:
    split = MAP.split("Header text\nPericardial findings: Small effusion.\nLV: A.\nPERICARDIUM: Calcified.")
    assert split.sections == {"Pericardium": "Small effusion.\nCalcified.", "Left Ventricle": "A."}
    assert split.loose == "Header text"


def test_a_heading_inside_a_sentence_is_none() -> None:
    text = "LV: The aortic valve: see below. Blood enters the LV from the left atrium."
    assert set(MAP.split(text).sections) == {"Left Ventricle"}


def test_text_without_any_heading_is_loose() -> None:
    assert MAP.split("Nothing here.").sections == {}
