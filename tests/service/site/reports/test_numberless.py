import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.site.reports.numberless import PLACEHOLDER, bare, numberless

CASES = {
    "The aortic root is normal.": "The aortic root is normal.",
    "Mild (<2mm) plaque.": "Mild (<2mm) plaque.",
    "The stroke volume is <numerical> ml.": "",
    "The stroke volume is: <numerical> ml": "",
    "Wall thickness was found to be <numerical> mm.": "",
    "The shunt was visually estimated to be <numerical>-<numerical>%": "",
    "Visually estimated shunt is <numerical> %.": "",
    "Arch <numerical> cm.": "",
    "Arch: <numerical>cm": "",
    "RVSP is <numerical> + CVP mmHg.": "",
    "The clot measures <numerical> mm by <numerical> mm": "",
    "A <numerical> mm x <numerical> mm clot is seen.": "A clot is seen.",
    "A clot of <numerical> cm x <numerical> cm with a stalk.": "A clot with a stalk.",
    "Function is normal, with an EF of <numerical> to <numerical> %.": "Function is normal.",
    "Function is low with an estimated EF between <numerical> and <numerical>%": "Function is low.",
    "A bulge, measuring up to <numerical>cm; the rest is thin.": "A bulge; the rest is thin.",
    "The root is wide (<numerical> cm).": "The root is wide.",
    "The velocity was <numerical> cm/s (normal > 10 cm/s).": "",
    "There is thinning of the <string>.": "There is thinning.",
    "Severe narrowing. The gradient is <numerical> mmHg.": "Severe narrowing.",
    "<numerical> cm.": "",
    "Estimated PA Pressure is <numerical> mmHg.": "",
    "Estimated PA Pressure is <numerical>+CVP mmHg": "",
    "A tip lies in the atrium, <numerical> mm from the <string>.": "A tip lies in the atrium.",
    "Large effusion of <numerical> mm, largest at the <string>.": "Large effusion.",
    "Septal velocity <numerical> cm/s, lateral velocity <numerical> cm/s.": "",
    "The peak gradient is <numerical> mmHg and the mean gradient <numerical> mmHg.": "",
    "The probe was placed at <numerical>": "The probe was placed.",
    "Function is normal at <numerical>%": "Function is normal.",
    "LVEF <numerical>% (biplane).": "",
    "LAVI <numerical> ml/m²; RA enlarged.": "RA enlarged.",
    "RA enlarged; LAVI <numerical> ml/m².": "RA enlarged.",
    "LAVI <numerical> ml/m²; RAVI <numerical> ml/m².": "",
    "The ratio is <numerical> at rest.": "",
    "Strain analysis gave <numerical> % with fair tracking.": "",
}


@pytest.mark.parametrize("template", CASES)
def test_what_is_left_is_a_sentence(template: str) -> None:
    assert numberless(template) == CASES[template]


PIECES = (
    "<numerical> <string> <numerical>% is was of the between and mm cm with an EF root ( ) , ; . by x (<numerical>)"
)
WORDS = st.lists(st.sampled_from(PIECES.split()), max_size=12)


ASKING = {"of", "at", "in", "the", "is", "was", "between", "and", "with", "by"}


@given(WORDS)
def test_nothing_is_left_or_something_that_ends_as_sentences_do(words: list[str]) -> None:
    template = " ".join(word for word in words if word != ".")  # one sentence: others stay as they are
    left = numberless(template)
    if left and PLACEHOLDER.search(template):
        assert left.rstrip(".").split()[-1].lower() not in ASKING


@given(WORDS)
def test_no_placeholder_is_ever_left(words: list[str]) -> None:
    assert not PLACEHOLDER.search(numberless(" ".join(words)))


def test_numbers_are_cut_out_and_nothing_else_where_a_reader_sees_what_is_left() -> None:
    assert (numberless("RA enlarged <numerical> ml."), bare("RA enlarged <numerical> ml.")) == ("", "RA enlarged.")
    assert bare("Ao root wide (<numerical> cm).") == "Ao root wide."
