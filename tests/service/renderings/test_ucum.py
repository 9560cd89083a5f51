"""Units are UCUM codes as pydicom's copy of CID 82 or another people's parser knows them."""

import importlib

import pytest

from service.renderings.ucum import ucum_code, ucum_codes


@pytest.mark.parametrize(
    ("unit", "code"),
    [("%", "%"), ("mmHg", "mm[Hg]"), ("ml/m²", "mL/m2"), ("cm²", "cm2"), (None, "1"), ("", "1"), ("pixel", None)],
)
def test_a_unit_has_its_code_or_none(unit: str | None, code: str | None) -> None:
    assert ucum_code(unit) == code


def test_another_peoples_parser_reads_every_code() -> None:
    parser = importlib.import_module("ucumvert").get_ucum_parser()
    for code in ucum_codes():
        parser.parse(code)
    with pytest.raises(Exception, match="millilitres"):
        parser.parse("millilitres")
