"""Evidence in numbers against the service's own, row by row."""

from pathlib import Path

import numpy as np

from index.candidate_bank import CandidateBank
from index.retrieval import ContextCandidate
from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.decoder.decoder_config import decoder_config
from model.report.language.phrase_reader import PhraseReader
from service.answer.evidence import evidence_sentences
from service.artifacts import ArtifactPaths
from service.site.bank_training.rows.evidence_table import ContextSentences
from service.site.bank_training.rows.wording_table import WordingTable
from service.site.decoder_training.report_tokenizer import report_tokenizer
from tests.service.site.bank_training.invented_bank import CANDIDATES, write_bank_of, write_bundle_of


def test_the_same_statements_with_the_same_support(tmp_path: Path) -> None:
    paths = ArtifactPaths(tmp_path / "bundle", tmp_path / "bank")
    write_bundle_of(paths.bundle)
    write_bank_of(paths)
    bank = CandidateBank.open(paths.bank, encoder_sha256=None)
    language, tokenizer = english(), report_tokenizer(english())
    config = decoder_config(ECHO_TAXONOMY, vocabulary=tokenizer.size, embedding_dim=32)
    read = PhraseReader(language).findings_in
    table = WordingTable.of(bank.phrases, language, read, tokenizer, config, only_language=False)
    rng = np.random.default_rng(0)
    sections = rng.integers(0, len(ECHO_TAXONOMY.sections), 40)
    context = np.stack([rng.permutation(CANDIDATES)[:30] for _ in sections]).astype(np.int64)
    context[3, 5:] = -1
    context[4] = -1
    sentences = ContextSentences.read(bank, table, context, sections)
    kept = rng.random(len(sentences.owner)) < 0.7
    for chosen in (None, kept):
        evidence = sentences.evidence(table, chosen)
        for row, section in enumerate(sections.tolist()):
            ids = context[row][context[row] >= 0]
            if chosen is not None:
                ids = ids[chosen[sentences.owner == row]]
            name = ECHO_TAXONOMY.sections[section]
            said = bank.sentences_of(ids, name)
            candidates = [ContextCandidate(int(i), 0.0, s) for i, s in zip(ids, said, strict=True)]
            wanted = evidence_sentences(candidates, bank.phrases)
            texts = [table.texts[number].template for number in evidence.texts[row] if number >= 0]
            assert texts == [sentence.template for sentence in wanted]
            support = evidence.support[row][: len(wanted)].astype(np.float64)
            np.testing.assert_allclose(support, [sentence.support for sentence in wanted], rtol=1e-3)
