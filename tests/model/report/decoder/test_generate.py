"""The cached batch writes what the naive twin writes: ragged evidence, one row and many, early exit, guides."""

import pytest
import torch

from model.report.decoder.decoder import Decoder
from model.report.decoder.generate import GeneratedRow, _Text, generate, generate_naive
from model.report.decoder.prefix import RowPrefix, encode_evidence, row_tensors, study_tensors
from model.report.decoder.sentence_guide import SentenceGuide, guide_of
from model.report.request import WritingRequest
from tests.model.report.bridge import CPU, LANGUAGE, TAXONOMY, config, decoder, evidence, request, tokenizer
from tests.model.report.bridge_training import trained

PHRASES = LANGUAGE.phrases


def prefixes(rows: int, studies: int) -> list[RowPrefix]:
    """Rows with 0 to 4 sentences of evidence, over all sections, spread over the studies."""
    phrases = [phrase.template for phrase in LANGUAGE.phrases]
    made = []
    for row in range(rows):
        sentences = [evidence(phrases[(row + place) % len(phrases)], 0.1 * place) for place in range(row % 5)]
        encoded = encode_evidence(sentences, tokenizer(), config())
        made.append(RowPrefix(row % studies, TAXONOMY.sections[row % 3], encoded))
    return made


def both_ways(
    own: Decoder, rows: list[RowPrefix], requests: list[WritingRequest], guides: list[SentenceGuide | None]
) -> tuple[list[GeneratedRow], list[GeneratedRow]]:
    studies = study_tensors(requests, config(), CPU)
    fast = generate(own, tokenizer(), studies, row_tensors(rows, tokenizer(), config(), CPU), guides)
    slow = []
    for row, guide in zip(rows, guides, strict=True):
        alone = RowPrefix(0, row.section, row.evidence)
        study = study_tensors([requests[row.study]], config(), CPU)
        slow.append(generate_naive(own, tokenizer(), study, row_tensors([alone], tokenizer(), config(), CPU), guide))
    return fast, slow


def assert_equal(fast: list[GeneratedRow], slow: list[GeneratedRow]) -> None:
    for one, other in zip(fast, slow, strict=True):
        assert one.tokens == other.tokens
        assert one.finished == other.finished
        torch.testing.assert_close(torch.tensor(one.log_probabilities), torch.tensor(other.log_probabilities))
        torch.testing.assert_close(torch.tensor(one.copied), torch.tensor(other.copied), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("rows", [1, 15])
@pytest.mark.parametrize("seed", [0, 1])
def test_cached_batch_equals_naive_twin(rows: int, seed: int) -> None:
    own = decoder(seed, scale=4.0)
    requests = [request(number, load=10.0 * (number + 1)) for number in range(2)]
    fast, slow = both_ways(own, prefixes(rows, 2), requests, [None] * rows)
    assert_equal(fast, slow)
    if rows > 1:
        assert len({text.tokens for text in fast}) > 3, "rows must differ, or the test shows nothing"


@pytest.mark.parametrize("rows", [1, 15])
def test_trained_rows_of_different_length_leave_the_batch_and_equal_the_twin(rows: int) -> None:
    requests = [request(number, load=10.0 * (number + 1)) for number in range(3)]
    fast, slow = both_ways(trained(), prefixes(rows, 3), requests, [None] * rows)
    assert_equal(fast, slow)
    assert all(text.finished for text in fast)
    if rows > 1:
        assert len({len(text.tokens) for text in fast}) > 3, "the batch must have been packed on the way"


def test_neither_digits_nor_control_tokens_nor_unknown_rows_are_written() -> None:
    own = decoder(1, scale=4.0)
    with torch.no_grad():
        own.token.weight[[*tokenizer().unwritable_ids, tokenizer().size, tokenizer().size + 2]] *= 20
    fast, _ = both_ways(own, prefixes(15, 1), [request(1)], [None] * 15)
    written = {token for text in fast for token in text.tokens}
    assert written.isdisjoint(tokenizer().unwritable_ids)
    assert max(written) < tokenizer().size


@pytest.mark.parametrize("seed", [0, 1])
def test_guided_rows_write_known_sentences_alone_and_both_twins_agree(seed: int) -> None:
    rows, known = prefixes(15, 2), {tuple(tokenizer().encode(p.numberless)): frozenset(p.findings) for p in PHRASES}
    guides: list[SentenceGuide | None] = [
        guide_of(known, row.evidence) if n % 3 else None for n, row in enumerate(rows)
    ]
    for own in (decoder(seed, scale=4.0), trained()):
        fast, slow = both_ways(own, rows, [request(0), request(1)], guides)
        assert_equal(fast, slow)
        for guide, text in zip(guides, fast, strict=True):
            if guide is not None:
                assert set(sentences(text)) <= known.keys()
                assert guide.left_out(text.tokens, tokenizer().sep) is None


def test_a_text_that_would_end_says_first_what_most_neighbours_say() -> None:
    known = {tuple(tokenizer().encode(p.numberless)): frozenset(p.findings) for p in PHRASES}
    rust = tuple(tokenizer().encode("Rust covers the cables."))
    offered = encode_evidence([evidence("Rust covers the cables.", 0.9)], tokenizer(), config())
    ending = torch.zeros(config().vocabulary)
    ending[tokenizer().eos] = 1.0
    free, held = _Text((), SentenceGuide(known)), _Text((), guide_of(known, offered))
    assert free.allowed(ending, tokenizer()) == [tokenizer().eos]
    for token in (*rust, tokenizer().sep):
        assert held.allowed(ending, tokenizer()) == [token]
        held.tokens.append(token)
        held.due = held.due[1:]
    assert held.allowed(ending, tokenizer()) == [tokenizer().eos]


def sentences(text: GeneratedRow) -> list[tuple[int, ...]]:
    """The finished sentences of a row."""
    found, begun = [], 0
    for place, token in enumerate(text.tokens):
        if token == tokenizer().sep:
            found.append(text.tokens[begun:place])
            begun = place + 1
    return found
