import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.site.reports.numberless import PLACEHOLDER, numberless

CASES = {
    "The aortic root is normal.": "The aortic root is normal.",
    "Mild (<2mm) plaque.": "Mild (<2mm) plaque.",
    "The stroke volume is <numerical> ml.": "The stroke volume was measured.",
    "The stroke volume is: <numerical> ml": "The stroke volume was measured.",
    "Wall thickness was found to be <numerical> mm.": "Wall thickness was measured.",
    "The shunt was visually estimated to be <numerical>-<numerical>%": "The shunt was visually estimated.",
    "Visually estimated shunt is <numerical> %.": "Visually estimated shunt was obtained.",
    "Arch <numerical> cm.": "Arch was measured.",
    "Arch: <numerical>cm": "Arch was measured.",
    "RVSP is <numerical> + CVP mmHg.": "RVSP was measured.",
    "The clot measures <numerical> mm by <numerical> mm": "The clot was measured.",
    "A <numerical> mm x <numerical> mm clot is seen.": "A clot is seen.",
    "A clot of <numerical> cm x <numerical> cm with a stalk.": "A clot with a stalk.",
    "Function is normal, with an EF of <numerical> to <numerical> %.": "Function is normal.",
    "Function is low with an estimated EF between <numerical> and <numerical>%": "Function is low.",
    "A bulge, measuring up to <numerical>cm; the rest is thin.": "A bulge; the rest is thin.",
    "The root is wide (<numerical> cm).": "The root is wide.",
    "The velocity was <numerical> cm/s (normal > 10 cm/s).": "The velocity was measured.",
    "There is thinning of the <string>.": "There is thinning.",
    "Severe narrowing. The gradient is <numerical> mmHg.": "Severe narrowing. The gradient was measured.",
    "<numerical> cm.": "A measurement was made.",
}


@pytest.mark.parametrize("template", CASES)
def test_what_is_left_is_a_sentence(template: str) -> None:
    assert numberless(template) == CASES[template]


PIECES = (
    "<numerical> <string> <numerical>% is was of the between and mm cm with an EF root ( ) , ; . by x (<numerical>)"
)
WORDS = st.lists(st.sampled_from(PIECES.split()), max_size=12)


@given(WORDS)
def test_no_placeholder_is_ever_left(words: list[str]) -> None:
    assert not PLACEHOLDER.search(numberless(" ".join(words)))
