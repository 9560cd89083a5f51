"""Findings as columns: each section has its own, and a text states exactly what its phrases do."""

from model.report.language.language import Finding
from service.site.decoder_training.finding_table import FindingTable, with_findings
from tests.model.report.bridge import LANGUAGE, config
from tests.model.report.bridge_training import training_rows

TABLE = FindingTable(LANGUAGE)


def test_columns_of_sections_do_not_meet_and_cover_all() -> None:
    columns = [TABLE.of_section(section) for section in ("Deck", "Piers", "Cables")]
    # Types: a clip here.
    assert sum(column.int() for column in columns).tolist() == [1] * len(TABLE)  # type: ignore[union-attr]  # sum() starts at 0, then tensors


def test_a_text_states_the_findings_of_its_sentences_with_or_without_numbers() -> None:
    texts = ("The deck carries a heavy load.", "The deck is sound.", "Nobody wrote this.")
    assert TABLE.findings("Deck", texts) == {Finding("load_class", "heavy"), Finding("deck", "sound")}
    stated = TABLE.stated("Deck", texts)
    assert int(stated.sum()) == 2
    assert not (stated & ~TABLE.of_section("Deck")).any()
    assert TABLE.findings("Piers", texts) == frozenset()


def test_a_head_is_of_the_decoders_sections_and_says_how_often_each_finding_was_shown() -> None:
    rows = training_rows(20)
    of_deck = [row for row in rows if row.section == "Deck"]
    sound = sum("The deck is sound." in row.targets for row in of_deck) / len(of_deck)
    outputs = with_findings(config(), LANGUAGE, rows).findings
    assert len(outputs) == len(TABLE)
    assert {o.value: o.share for o in outputs if o.name == "deck"} == {"sound": sound, "cracked": 1 - sound}
    narrow = config().model_copy(update={"sections": ("Piers",)})
    assert {output.section for output in with_findings(narrow, LANGUAGE, rows).findings} == {"Piers"}
