"""The copy mechanism: one distribution, equal to the one the loss uses, and beginnings hashed alike everywhere."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.report.decoder.copying import (
    START,
    Copier,
    CopySource,
    TextState,
    copied_shares,
    longer_beginning,
    next_token_probabilities,
    said_sentences,
    target_log_probabilities,
    text_beginnings,
    written_log_probabilities,
)

BOS, SEP = 1, 2
VOCABULARY = 9
tokens = st.lists(st.integers(2, 8), max_size=12)


def source(rows: int, length: int, seed: int = 0) -> CopySource:
    generator = torch.Generator().manual_seed(seed)
    return CopySource(
        keys=torch.randn(rows, length, 4, generator=generator),
        tokens=torch.randint(2, VOCABULARY, (rows, length), generator=generator),
        beginning=torch.randint(0, 2, (rows, length), generator=generator),
        sentence=torch.arange(length).expand(rows, -1) // 3,
        support=torch.rand(rows, length, generator=generator),
        valid=torch.arange(length)[None] < torch.tensor([[length], [length // 2]])[:rows],
        sentences=4,
    )


@pytest.mark.parametrize("length", [0, 1, 10])
def test_probabilities_sum_to_one_and_equal_those_of_the_loss(length: int) -> None:
    torch.manual_seed(1)
    copier, evidence = Copier(6, 4), source(2, length)
    hidden, logits = torch.randn(2, 3, 6), torch.randn(2, 3, VOCABULARY)
    state = TextState(torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 3, 4, dtype=torch.bool))
    log_shares = copier(hidden, state, evidence)
    for position in range(3):
        probabilities = next_token_probabilities(logits[:, position], log_shares[:, position], evidence.tokens)
        torch.testing.assert_close(probabilities.sum(-1), torch.ones(2))
        for target in range(VOCABULARY):
            targets = torch.full((2, 3), target)
            reported = target_log_probabilities(
                written_log_probabilities(logits, targets), log_shares, evidence.tokens, targets
            )[:, position]
            torch.testing.assert_close(reported.exp(), probabilities[:, target])


def test_a_row_without_evidence_is_generated_alone() -> None:
    evidence = source(2, 10)
    evidence.valid[1] = False
    state = TextState(torch.zeros(2, 1, dtype=torch.int64), torch.zeros(2, 1, 4, dtype=torch.bool))
    log_shares = Copier(6, 4)(torch.randn(2, 1, 6), state, evidence)
    assert log_shares[1, 0, 0].exp() == 1
    assert log_shares[0, 0, 0].exp() < 1


def test_the_loss_has_finite_gradients_where_nothing_can_be_copied() -> None:
    logits = torch.randn(1, 2, VOCABULARY, requires_grad=True)
    shares = torch.full((1, 2, 4), float("-inf"))
    shares[..., 0] = 0
    targets = torch.full((1, 2), 5)
    likelihood = target_log_probabilities(
        written_log_probabilities(logits, targets), shares, torch.zeros(1, 3, dtype=torch.int64), targets
    )
    likelihood.sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_continuing_and_support_raise_a_token_and_being_said_lowers_it() -> None:
    evidence = source(1, 6)
    base = {"keys": torch.zeros(1, 6, 4), "tokens": evidence.tokens, "sentence": evidence.sentence}
    support = torch.tensor([[0.1, 0.1, 0.1, 0.9, 0.9, 0.9]])
    even = CopySource(
        **base,
        beginning=torch.tensor([[START, 5, 6, START, 7, 8]]),
        support=support,
        valid=evidence.valid[:1],
        sentences=4,
    )
    unsaid = torch.zeros(1, 1, 4, dtype=torch.bool)
    said = unsaid.clone()
    said[..., 1] = True
    beginning = torch.tensor([[START]])
    copier = Copier(6, 4)
    hidden = torch.zeros(1, 1, 6)
    first = copier(hidden, TextState(beginning, unsaid), even)[0, 0, 1:]
    assert first.argmax() == 3, "the first token of the sentence with most support"
    assert copier(hidden, TextState(beginning, said), even)[0, 0, 1:].argmax() == 0, "then that of the other sentence"
    assert copier(hidden, TextState(torch.tensor([[7]]), unsaid), even)[0, 0, 1:].argmax() == 4


@given(tokens)
def test_beginnings_of_tensors_and_of_evidence_are_the_same_hash(text: list[int]) -> None:
    hashed = text_beginnings(torch.tensor([[BOS, *text]]), SEP)[0].tolist()
    beginning = START
    assert hashed[0] == START
    for token, found in zip(text, hashed[1:], strict=True):
        beginning = START if token == SEP else longer_beginning(beginning, token)
        assert found == beginning


@given(tokens, st.lists(st.lists(st.integers(3, 8), min_size=1, max_size=4).map(tuple), max_size=4))
def test_said_sentences_are_those_between_separators(text: list[int], sentences: list[tuple[int, ...]]) -> None:
    states = said_sentences([BOS, *text], sentences, SEP)
    for position in range(len(text) + 1):
        written: list[list[int]] = [[]]
        for token in text[:position]:
            written = [*written, []] if token == SEP else [*written[:-1], [*written[-1], token]]
        complete = {tuple(part) for part in written[:-1]}
        assert states[position] == [sentence in complete for sentence in sentences]


def test_copied_shares_name_the_sentence_a_token_came_from() -> None:
    evidence = source(1, 4)
    evidence = CopySource(
        evidence.keys,
        torch.tensor([[5, 6, 5, 7]]),
        evidence.beginning,
        torch.tensor([[0, 0, 1, 1]]),
        evidence.support,
        evidence.valid,
        3,
    )
    shares = torch.tensor([[0.4, 0.1, 0.2, 0.3, 0.0]])
    probability = torch.tensor([0.5])  # 0.1 written, 0.1 copied from sentence 0, 0.3 from sentence 1
    copied = copied_shares(shares.log(), evidence, torch.tensor([5]), probability)
    torch.testing.assert_close(copied, torch.tensor([[0.2, 0.6, 0.0]]))
