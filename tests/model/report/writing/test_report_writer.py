"""The whole writer on the invented modality, with a decoder trained for seconds."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from model.report.decoder.generate import GeneratedRow
from model.report.request import EvidenceSentence, ReportWarning, WritingRequest
from model.report.writing.report_writer import ReportWriter, WrittenReport
from tests.model.report.bridge import CPU, LANGUAGE, decoder, evidence, read, request, tokenizer
from tests.model.report.bridge_training import trained

HEAVY = "The deck carries a heavy load of <load> t."
A_CRACK = "A crack of <crack_width> mm runs through a pier."


def writer(own: object = None) -> ReportWriter:
    return ReportWriter(
        decoder=trained() if own is None else own,  # type: ignore[arg-type]  # given by name
        tokenizer=tokenizer(),
        language=LANGUAGE,
        read=read,
        placement=CPU,
    )


def shown(report: WrittenReport) -> tuple[object, ...]:
    """All of a report that reaches the answer; log probabilities differ by rounding between batches."""
    sections = {
        name: [(s.text, s.source, s.candidate_ids, s.estimated) for s in said] for name, said in report.sections.items()
    }
    return sections, report.warnings


def texts(report: WrittenReport) -> dict[str, list[str]]:
    return {section: [sentence.text for sentence in said] for section, said in report.sections.items()}


def heavy_bridge(**changes: object) -> WritingRequest:
    study = request(
        3,
        load=66.0,
        evidence={
            "Deck": (evidence(HEAVY, 0.9, (4, 5)), evidence("The deck is cracked.", 0.8, (4, 6))),
            "Piers": (evidence(A_CRACK, 0.9, (8,)),),
            "Cables": (evidence("Rust covers the cables.", 0.9, (9,)), evidence("The cables are taut.", 0.9, (9,))),
        },
        slot_values={"Piers": {"crack_width": (2.5,) * 12}},
    )
    return replace(study, **changes)  # type: ignore[arg-type]  # given by name


def test_evidence_becomes_sentences_with_this_studys_numbers_and_its_sources() -> None:
    report = writer().write(heavy_bridge())
    said = texts(report)
    assert set(said["Deck"]) == {"The deck carries a heavy load of 66 t.", "The deck is cracked."}
    assert said["Piers"] == ["A crack of 2.5 mm runs through a pier."]
    assert set(said["Cables"]) == {"Rust covers the cables.", "The cables are taut."}
    assert report.warnings == ()
    (crack,) = report.sections["Piers"]
    assert (crack.source, crack.candidate_ids, crack.estimated) == ("retrieved", (8,), True)


def test_wording_that_training_never_saw_is_copied() -> None:
    foreign = replace(evidence(A_CRACK), template="Pylon fissure noted.", numberless="Pylon fissure noted.", slot=None)
    study = heavy_bridge(evidence={"Piers": (replace(foreign, support=1.0, candidate_ids=(3, 1)),)})
    report = writer().write(study)
    sentence = report.sections["Piers"][0]
    assert (sentence.text, sentence.source, sentence.candidate_ids) == ("Pylon fissure noted.", "retrieved", (3, 1))


def test_sections_not_assessed_are_not_written_and_names_decide_rows() -> None:
    study = heavy_bridge()
    reordered = WritingRequest(
        sections=study.sections[::-1],
        section_vectors=study.section_vectors.flip(0),
        assessed=torch.tensor([True, False, True]),
        clip_vectors=study.clip_vectors,
        phenotypes=study.phenotypes,
        evidence=study.evidence,
        slot_values=study.slot_values,
    )
    partly = replace(study, assessed=torch.tensor([True, False, True]))
    assert list(writer().write(partly).sections) == ["Deck", "Cables"]
    assert texts(writer().write(reordered)) == texts(writer().write(partly))
    nothing = writer().write(replace(study, assessed=torch.zeros(3, dtype=torch.bool)))
    assert nothing == WrittenReport({}, ())


def test_many_studies_at_once_are_written_as_one_by_one() -> None:
    studies = [heavy_bridge(), request(5), heavy_bridge(phenotypes=())]
    together, alone = writer().write_many(studies), [writer().write(study) for study in studies]
    assert list(map(shown, together)) == list(map(shown, alone))


def test_a_contradiction_is_repaired_in_its_less_certain_section(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence says a sound deck on a cracked pier; other evidence is at hand for either section."""
    study = heavy_bridge(
        evidence={
            "Deck": (evidence("The deck is sound.", 0.9), evidence("The deck is cracked.", 0.2)),
            "Piers": (evidence(A_CRACK, 0.9), evidence("The piers are sound.", 0.5)),
        },
        slot_values={},
    )
    report = writer().write(study)
    said = texts(report)
    sound, cracked = "The deck is sound." in said["Deck"], "A crack runs through a pier." in said["Piers"]
    assert sound != cracked, "one side goes, the other stays"
    assert "contradiction" not in {warning.code for warning in report.warnings}
    monkeypatch.setattr(ReportWriter, "_repair", lambda *_: None)
    unrepaired = writer().write(study)
    assert ReportWarning("contradiction", {"rule": "A sound deck, yet a cracked pier."}) in unrepaired.warnings
    assert {"The deck is sound."} <= set(texts(unrepaired)["Deck"])


def test_an_untrained_decoder_has_no_words_of_its_own() -> None:
    report = writer(decoder(0, scale=4.0)).write(heavy_bridge(evidence={}))
    known = {words for phrase in LANGUAGE.phrases for words in (phrase.template, phrase.numberless)}
    said = [sentence.text for sentences in report.sections.values() for sentence in sentences]
    assert all(text in known or "66 t" in text for text in said)
    assert len(said) == len(set(said))


def spoken(template: str, *log_probabilities: float) -> GeneratedRow:
    """A row that says one sentence with these log probabilities, repeated to its length, and copies nothing."""
    ids = tokenizer().encode_batch([template])[0]
    chances = [log_probabilities[min(place, len(log_probabilities) - 1)] for place in range(len(ids))]
    return GeneratedRow((*ids, tokenizer().sep), (*chances, 0.0), ((0.0,) * 4,) * (len(ids) + 1), finished=True)


SOUND = "The piers are sound."


@pytest.mark.parametrize(
    ("beside", "chance", "stays"),
    [((), 0.1, True), ((), 0.005, False), ((evidence("No pier has moved.", 0.1),), 0.1, False)],
    ids=["own words need not be sure", "forced into it", "sure beside evidence"],
)
def test_a_sentence_that_was_forced_on_the_decoder_is_left_out(
    beside: tuple[EvidenceSentence, ...], chance: float, stays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = spoken(SOUND, 0.0, math.log(chance), 0.0)
    monkeypatch.setattr(ReportWriter, "_generate", lambda _, rows, __: [text for _ in rows])
    found = writer().drafts(heavy_bridge(evidence={"Piers": beside}, slot_values={}))["Piers"]
    assert [draft.template for draft in found] == [SOUND] * stays


def test_what_many_neighbours_say_stays_however_unsure_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    text = spoken(SOUND, math.log(0.001))
    monkeypatch.setattr(ReportWriter, "_generate", lambda _, rows, __: [text for _ in rows])
    study = heavy_bridge(evidence={"Piers": (evidence(SOUND, 0.9, (3,)),)}, slot_values={})
    assert [draft.template for draft in writer().drafts(study)["Piers"]] == [SOUND]


def test_a_section_with_evidence_is_never_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReportWriter, "_generate", lambda _, rows, __: [GeneratedRow((), (), (), True) for _ in rows])
    study = heavy_bridge(
        evidence={"Piers": (evidence("No pier has moved.", 0.1, (2,)), evidence(SOUND, 0.3, (3,)))}, slot_values={}
    )
    report = writer().write(study)
    assert texts(report)["Piers"] == [SOUND]
    assert report.sections["Piers"][0].candidate_ids == (3,)
    assert report.sections["Piers"][0].source == "retrieved"
    assert ReportWarning("section_empty", {"section": "Deck"}) in report.warnings
    assert ReportWarning("section_empty", {"section": "Piers"}) not in report.warnings


def test_in_place_of_a_number_that_nobody_knows_the_next_sentence_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReportWriter, "_generate", lambda _, rows, __: [GeneratedRow((), (), (), True) for _ in rows])
    label = EvidenceSentence("Payload <numerical> t (laser).", "Payload (laser).", "numerical", 0.9, (4,))
    typed = EvidenceSentence("Cracks: <crack_width> mm.", "", "crack_width", 0.5, (5,))
    ranked = {"Deck": (label,), "Piers": (label, typed, evidence(SOUND, 0.3, (3,)))}
    unknown = writer().write(heavy_bridge(evidence=ranked, slot_values={}))
    assert texts(unknown)["Piers"] == [SOUND]
    assert texts(unknown)["Deck"] == []
    assert ReportWarning("section_empty", {"section": "Deck"}) in unknown.warnings
    voted = writer().write(heavy_bridge(evidence=ranked, slot_values={"Piers": {"crack_width": (2.0,) * 10}}))
    assert texts(voted)["Piers"] == ["Cracks: 2.0 mm."]


@pytest.mark.parametrize(("again", "source", "cites"), [(SOUND, "generated", ()), (A_CRACK, "both", (8,))])
def test_own_words_that_change_without_what_the_section_cites_are_from_both(
    again: str, source: str, cites: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first text stands beside evidence of the same matter; the second is written after what it cites is gone."""
    texts = iter([SOUND, again])

    def generate(_: ReportWriter, rows: Sequence[object], __: object) -> list[GeneratedRow]:
        said = spoken(next(texts), 0.0) if rows else None
        return [said for _ in rows if said is not None]

    monkeypatch.setattr(ReportWriter, "_generate", generate)
    study = heavy_bridge(assessed=torch.tensor([False, True, False]), slot_values={})
    study = replace(study, evidence={"Piers": (evidence(A_CRACK, 0.1, (8,)),)})
    (draft,) = writer().drafts(study)["Piers"]
    assert (draft.source, draft.candidate_ids) == (source, cites)
