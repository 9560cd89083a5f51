from model.echo.phrases.reader import english
from model.report.language.phrase_reader import PhraseReader
from scripts.rendered.evaluation.parts.reserved_findings import second_style

OWN = english()
STYLE = second_style(OWN)


def test_the_second_style_shares_no_wording_with_the_first() -> None:
    own = {(phrase.section, phrase.template) for phrase in OWN.phrases}
    assert own.isdisjoint((phrase.section, phrase.template) for phrase in STYLE.phrases)
    reader = PhraseReader(OWN)
    assert all(reader.read_sentence(p.section, p.numberless).phrase is None for p in STYLE.phrases)


def test_the_second_style_is_read_back_to_the_same_findings() -> None:
    reader = PhraseReader(STYLE)
    for phrase in OWN.phrases:
        new = STYLE.by_id[phrase.phrase_id]
        read = reader.read_sentence(
            new.section, STYLE.fill(new, None if new.slot is None else STYLE.slots[new.slot].low)
        )
        assert set(read.findings) == set(phrase.findings), new.template
