"""Writing with echovlm's 27 M configuration: the sections of a study in one batch against one by one."""

from pathlib import Path

import torch

from model.bundle import read_bundle
from model.device import Placement, choose_placement
from model.report.decoder.decoder import Decoder, build_decoder
from model.report.decoder.decoder_config import decoder_config
from model.report.decoder.generate import GeneratedRow, generate
from model.report.decoder.prefix import RowPrefix, RowTensors, StudyTensors, encode_evidence, row_tensors, study_tensors
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer
from model.report.language.language import Language
from model.report.request import EvidenceSentence, WritingRequest
from scripts.reference.benchmark.measured import Row, compared

_TOKENS_A_SECTION = 34  # 15 sections: about the 500 tokens that the published seconds are of
_EVIDENCE = 4  # sentences a section reads
_TOLD_OF = 500  # tokens


def write(bundle: Path, placement: Placement, *, repeats: int, at_least: float) -> Row:
    """Seconds of 500 tokens by seeded weights: float32 one by one, as published, against one batch in our dtype.

    bundle: whose sections, words and tokenizer. Both sides keep keys and values; one that keeps nothing takes 31 s.
    """
    tokenizer = ReportTokenizer.read(bundle / TOKENIZER_FILE)
    exact = choose_placement("cpu", "float32")
    decoder, studies, rows = _material(bundle, tokenizer, exact)
    ours, own_studies, own_rows = _material(bundle, tokenizer, placement)
    alone = [rows.of_studies([section]) for section in range(len(decoder.config.sections))]

    def one_by_one() -> list[GeneratedRow]:
        return [generate(decoder, tokenizer, studies, row)[0] for row in alone]

    said, together = one_by_one(), generate(decoder, tokenizer, studies, rows)
    tokens = sum(len(row.tokens) for row in said)
    row = compared(
        "write",
        one_by_one,
        lambda: generate(ours, tokenizer, own_studies, own_rows),
        repeats=repeats,
        at_least=at_least,
        per=tokens / _TOLD_OF,
    )
    return row.also(
        {"the same tokens in float32": [text.tokens for text in said] == [text.tokens for text in together]},
        {
            "sections": len(alone),
            "tokens": tokens,
            "parameters": sum(weight.numel() for weight in decoder.parameters()),
            "dtype": str(placement.dtype),
        },
    )


def _material(
    bundle: Path, tokenizer: ReportTokenizer, placement: Placement
) -> tuple[Decoder, StudyTensors, RowTensors]:
    """A seeded decoder, one study of random vectors, and a row for each of its sections with some evidence."""
    manifest = read_bundle(bundle)
    taxonomy = manifest.taxonomy()
    full = decoder_config(taxonomy, vocabulary=tokenizer.size, embedding_dim=manifest.embedding_dim, size="full")
    config = full.model_copy(update={"max_section_tokens": _TOKENS_A_SECTION})
    vectors = torch.randn(len(taxonomy.sections), manifest.embedding_dim, generator=torch.Generator().manual_seed(0))
    request = WritingRequest(
        sections=taxonomy.sections,
        section_vectors=torch.nn.functional.normalize(vectors, dim=1),
        assessed=torch.ones(len(vectors), dtype=torch.bool),
        clip_vectors=torch.nn.functional.normalize(vectors[: config.max_clip_vectors], dim=1),
        phenotypes=(),
        evidence=_evidence(bundle / str(manifest.phrases), taxonomy.sections),
    )
    prefixes = [
        RowPrefix(0, section, encode_evidence(request.evidence[section], tokenizer, config))
        for section in config.sections
    ]
    rows = row_tensors(prefixes, tokenizer, config, placement)
    decoder = build_decoder(config).eval().to(placement.dtype)
    return decoder, study_tensors([request], config, placement), rows


def _evidence(phrases: Path, sections: tuple[str, ...]) -> dict[str, tuple[EvidenceSentence, ...]]:
    """The first phrases of each section, all equally supported."""
    found: dict[str, tuple[EvidenceSentence, ...]] = {}
    language = Language.read(phrases)
    for section in sections:
        own = [phrase for phrase in language.phrases if phrase.section == section][:_EVIDENCE]
        found[section] = tuple(
            EvidenceSentence(phrase.template, phrase.numberless, phrase.slot, 0.5, (number,))
            for number, phrase in enumerate(own)
        )
    return found
