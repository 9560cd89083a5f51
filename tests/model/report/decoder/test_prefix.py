"""What the decoder reads: aligned by name, evidence that may be copied, padding at the end only."""

from dataclasses import replace

import pytest
import torch

from model.report.decoder.copying import START
from model.report.decoder.decoder import Decoder
from model.report.decoder.decoder_config import DecoderConfig, decoder_config
from model.report.decoder.prefix import RowPrefix, encode_evidence, row_tensors, study_tensors
from model.report.request import EvidenceSentence, PhenotypeToken
from model.taxonomy import Phenotype, Taxonomy
from tests.model.report.bridge import CPU, DIM, TAXONOMY, config, decoder, evidence, request, tokenizer


def sentence(template: str, slot: str | None = None, numberless: str = "Fine.") -> EvidenceSentence:
    return EvidenceSentence(template, numberless, slot, 0.5, (1,))


def test_studies_are_aligned_by_name_whatever_order_they_come_in() -> None:
    study = request(1, load=45.5)
    partial = replace(
        study,
        sections=("Cables", "Deck"),
        section_vectors=study.section_vectors[[2, 0]],
        assessed=torch.tensor([True, False]),
        phenotypes=(PhenotypeToken("unheard_of", 1.0, 1.0, 1.0, 1.0, 50), *study.phenotypes),
    )
    tensors = study_tensors([study, partial], config(), CPU)
    assert tensors.section_vectors[1, 2].equal(study.section_vectors[2])
    assert tensors.assessed.tolist() == [[True, True, True], [False, False, True]]
    assert tensors.estimates[0].equal(tensors.estimates[1])
    load, rusty = tensors.estimates[0].tolist()
    assert load == pytest.approx([0.5, 0.5, 0.5, 0.0, 1.0, 0.0, 1.0])  # 45.5 t lies midway between 1 and 90
    assert rusty == [0.0] * 5 + [1.0, 0.0]


def test_clips_are_cut_and_filled_up_to_their_number() -> None:
    few, many = request(1), replace(request(1), clip_vectors=torch.ones(11, DIM))
    none = replace(request(1), clip_vectors=torch.zeros(0, DIM))
    tensors = study_tensors([few, many, none], config(), CPU)
    assert tensors.clip_vectors.shape == (3, 8, DIM)
    assert tensors.clip_present.sum(1).tolist() == [2, 8, 0]


def test_only_evidence_that_may_be_copied_whole_is_read() -> None:
    offered = [
        sentence("Class 3 load."),
        sentence("The end.<eos>"),
        sentence(""),
        sentence("rust " * 90),
        sentence("The deck is sound."),
        sentence("Measured <numerical> m.", "numerical", "Measured."),
        sentence("Measured <load> t.", "load"),
    ]
    encoded = encode_evidence(offered, tokenizer(), config())
    assert [item.template for item in encoded] == ["The deck is sound.", "Measured.", "Measured <load> t."]
    assert [tokenizer().decode(item.tokens) for item in encoded] == [item.template for item in encoded]
    many = encode_evidence([sentence("The deck is sound.")] * 30, tokenizer(), config())
    assert len(many) == config().max_evidence


def test_rows_are_padded_at_the_end_and_each_sentence_starts_anew() -> None:
    two = encode_evidence(
        [evidence("The deck is sound.", 0.9), evidence("The deck is cracked.", 0.1)], tokenizer(), config()
    )
    rows = row_tensors([RowPrefix(1, "Deck", two), RowPrefix(0, "Cables", ())], tokenizer(), config(), CPU)
    assert rows.study.tolist() == [1, 0]
    assert rows.section.tolist() == [TAXONOMY.sections.index("Deck"), TAXONOMY.sections.index("Cables")]
    assert rows.valid.all(1).tolist() == [True, False]
    assert not rows.valid[1].any()
    first = len(two[0].tokens) + 1
    assert rows.evidence[0].tolist() == [*two[0].tokens, tokenizer().sep, *two[1].tokens, tokenizer().sep]
    assert rows.sentence[0].tolist() == [0] * first + [1] * (len(two[1].tokens) + 1)
    assert (rows.beginning[0] == START).nonzero().flatten().tolist() == [0, first]
    assert rows.support[0, [0, -1]].tolist() == pytest.approx([0.9, 0.1])


def test_rows_without_any_evidence_are_possible() -> None:
    rows = row_tensors([RowPrefix(0, "Deck", ())] * 2, tokenizer(), config(), CPU)
    assert rows.evidence.shape == (2, 0)


@pytest.mark.parametrize(
    ("changes", "message"), [({"width": 18, "heads": 4}, "width 18"), ({"sections": ("a", "a")}, "distinct")]
)
def test_sizes_and_names_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DecoderConfig.model_validate({**config().model_dump(), **changes})


def test_the_full_size_has_27_million_parameters() -> None:
    names = tuple(f"section {number}" for number in range(15))
    phenotypes = tuple(Phenotype(f"p{number}", names[0], "binary") for number in range(25))
    sizes = decoder_config(Taxonomy("any", ("v",), names, phenotypes), vocabulary=2048, embedding_dim=512, size="full")
    with torch.device("meta"):
        full = Decoder(sizes)
    assert sum(weight.numel() for weight in full.parameters()) == pytest.approx(27e6, rel=0.03)


def test_a_decoder_that_reads_no_phenotypes_reads_every_estimate_as_missing() -> None:
    blind = config().model_copy(update={"reads_phenotypes": False})
    reported, untold = (study_tensors([request(1, load=load)], blind, CPU).estimates for load in (45.5, None))
    assert reported.equal(untold)
    assert reported[0, :, -2:].tolist() == [[1.0, 0.0]] * 2


def test_some_rows_are_those_rows_each_for_a_study_of_its_own() -> None:
    said = (("Deck", "The deck is sound."), ("Piers", "No pier has moved."), ("Cables", "The cables are taut."))
    prefixes = [
        RowPrefix(0, section, encode_evidence([evidence(text)], tokenizer(), config())) for section, text in said
    ]
    some = row_tensors(prefixes, tokenizer(), config(), CPU).of_studies([2, 0])
    assert some.study.tolist() == [0, 1]
    assert some.section.tolist() == [2, 0]
    assert some.sentences == tuple((prefix.evidence[0].tokens,) for prefix in (prefixes[2], prefixes[0]))
    for row, prefix in zip(some.evidence.tolist(), (prefixes[2], prefixes[0]), strict=True):
        tokens = [*prefix.evidence[0].tokens, tokenizer().sep]
        assert row[: len(tokens)] == tokens


def test_vectors_alone_know_nothing_of_estimates() -> None:
    own = decoder(3)
    one, other = (study_tensors([request(1, load=load)], config(), CPU) for load in (10.0, 80.0))
    changed = study_tensors([request(2, load=10.0)], config(), CPU)
    assert own.read_vectors(one).equal(own.read_vectors(other))
    assert not torch.allclose(own.read_vectors(one), own.read_vectors(changed))
