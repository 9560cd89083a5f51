"""Identity leaves free sentences; findings stay. The recall over a messy table is measured in test_recall."""

import pytest

from service.site.identity.deidentify import Deidentifier, identity_of, shipped_words

WORDS = shipped_words() | {"mild", "mitral", "regurgitation", "trabeculated", "ventricle"}
JUDGE = Deidentifier(WORDS, identity_of(["Kowalska", "Grey, Meredith"], ()).names)
ROW = identity_of(["Müller, Hans", "Small^Jane", "Dr. O'Brien"], ["ACC 70-1234", "5544332"])


@pytest.mark.parametrize(
    "date",
    [
        *(
            "2021-03-05",
            "03/05/2021",
            "5.3.2021",
            "05.03.21",
            "3/5/21",
            "20210305",
            "03/2021",
            "2021",
            "Mar 5",
            "Mar-21",
        ),
        *(
            "5 March 2021",
            "March 5th, 2021",
            "5 of March",
            "5. März 2021",
            "Sept. 2019",
            "2021-03-05 14:22",
            "03MAR2021",
            "March of 2021",
        ),
    ],
)
def test_dates_go_and_the_sentence_stays(date: str) -> None:
    judged = JUDGE.judge(f"Mild mitral regurgitation, unchanged since {date}.", ROW)
    assert (judged.text or "").rstrip(".") == "Mild mitral regurgitation, unchanged since [date]"
    assert "date" in judged.removed


@pytest.mark.parametrize(
    "text",
    [
        "Mild mitral regurgitation.",
        "Mild MR with a small jet, and MS is not severe; we do not see more.",
        "E/e' ratio is 11.4 at rest.",
        "Mean gradient 12 mmHg, peak 24 mmHg.",
        "Valve area 1.2 cm2 by planimetry, grade 2/4.",
        "RVSP of 45 mmHg plus RA pressure in A4C view.",
        "A small jet of 5-6 mm at 2-3 locations.",
        "Diameter 4.2 x 3.1 cm, volume 1250 ml.",
        "DT 190ms, EROA 0.42cm2, target 150W.",
        "Valve area 1.5 cm square.",
        "Mean gradient 9 mm Hg, two clips in place.",
        "Trivial MR. Trivial TR. Critical AS.",
        "Coanda effect, McConnell sign, SAPIEN 3 valve, Biventricular leads.",
        "EF by Simpson's biplane, ef by simpson, Teichholz 55 %, Amplatzer occluder.",
        "Gute Funktion, Grad II, I. Grades, Z. n. TAVI.",
        "CHA2DS2-VASc of 3, RVd1 38 mm.",
    ],
)
def test_findings_are_left_as_they_are(text: str) -> None:
    judged = JUDGE.judge(text, ROW)
    assert (judged.text, judged.doubts) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        "Discussed with Dr. Nobody.",
        "Read by someone else.",
        "mr. smith tolerated it.",
        "mr smith tolerated it.",
        "MR. SMITH TOLERATED IT.",
        "kowalska measured it.",
        "MULLER was told.",
        "Mueller was told.",
        "Mrs Small was told.",
        "Then Small returned.",
        "OBrien saw it.",
        "Seen by Kowalska.",
        "Meredith measured it.",
        "Accession ACC701234.",
        "See acc-70-1234.",
        "Number 5544332.",
        "MRN: 12 345 678.",
        "Call 555-123-4567.",
        "Call (555) 123-4567.",
        "Ext. 4411.",
        "someone@example.org has it.",
        "SSN 123-45-6789.",
        "UID 1.2.840.113.4.5.",
        "Lives at 12 Long Winding Road.",
        "Hauptstraße 5 in town.",
        "Image set AB12-3456.",
        "His wife was present.",
        "Sonographer Baker, mild jet.",
        "Oberarzt Wolf sah es.",
        "S/N 12345A in place.",
        "Serial no. BLC123456S.",
        "Phone 040 / 123456.",
        "Fallnr. 1234567.",
    ],
)
def test_a_sentence_about_people_is_left_out(text: str) -> None:
    assert JUDGE.judge(text, ROW).text is None


@pytest.mark.parametrize(
    "text",
    [
        *("Zbigniew agrees.", "Mild jet, see ZIELINSKI.", "J. S. agrees.", "Then Springfield.", "Baker agrees."),
        *(
            "Ross agrees.",
            "mild jet, lewandowski agrees",
            "signed turner",
            "told mocanu",
            "TL/hayrioglu limited windows.",
        ),
        *("Ravi was there.", "Per Long, mild jet.", "Carter's view.", "patient smith was anxious", "ježková agrees"),
    ],
)
def test_what_might_be_a_name_is_a_doubt_and_the_word_is_told(text: str) -> None:
    judged = JUDGE.judge(text, ROW)
    assert judged.doubts
    assert judged.words or "initials" in judged.doubts


def test_the_words_that_are_doubted_are_those_that_might_be_names() -> None:
    assert JUDGE.judge("Mild jet, Zbigniew and Kowalczyk agree.", ROW).words == ("zbigniew", "kowalczyk")
    assert JUDGE.judge("Mild jet.", ROW).words == ()


@pytest.mark.parametrize(
    ("text", "gone"),
    [("A 93-year-old heart.", "93"), ("Aged 101 at rest.", "101"), ("95 y/o.", "95"), ("A nonagenarian.", "nona")],
)
def test_ages_above_89_go(text: str, gone: str) -> None:
    assert gone not in (JUDGE.judge(text, ROW).text or "")


def test_an_age_of_89_and_below_may_stay() -> None:
    assert JUDGE.judge("A 54-year-old heart.", ROW).text == "A 54-year-old heart."


def test_small_the_finding_is_not_small_the_name() -> None:
    assert JUDGE.judge("There is a small jet.", ROW).text == "There is a small jet."


def test_a_sentence_that_begins_with_a_word_that_is_the_patients_name_is_a_doubt() -> None:
    assert JUDGE.judge("Small jet.", ROW).doubts == ("name_or_word",)
    assert JUDGE.judge("Mild jet.", ROW).doubts == ()
