"""Drawn words: as often as they are probable, never a barred one, the same from the same seed, and cold ones greedy."""

import numpy as np
import pytest
import torch

from model.report.decoder.generate import generate, generate_naive
from model.report.decoder.prefix import RowPrefix, row_tensors, study_tensors
from model.report.decoder.sampling import Sampling
from tests.model.report.bridge import CPU, TAXONOMY, config, decoder, request, tokenizer

PROBABILITIES = torch.tensor([[0.5, 0.0, 0.3, -1.0, 0.2]])


def drawn(how: Sampling, count: int = 4000) -> np.ndarray:
    tokens = [int(how.choose(PROBABILITIES, ["Body"], position)[0]) for position in range(count)]
    return np.bincount(tokens, minlength=5) / count


def test_tokens_come_as_often_as_they_are_probable() -> None:
    assert drawn(Sampling()) == pytest.approx([0.5, 0, 0.3, 0, 0.2], abs=0.03)
    assert drawn(Sampling(temperature=0.5)) == pytest.approx([25 / 38, 0, 9 / 38, 0, 4 / 38], abs=0.03)
    assert drawn(Sampling(top_k=2)) == pytest.approx([5 / 8, 0, 3 / 8, 0, 0], abs=0.03)


def test_a_row_without_any_probable_token_takes_an_allowed_one() -> None:
    nothing = torch.tensor([[-1.0, 0.0, -1.0]])
    assert Sampling(temperature=0.1).choose(nothing, ["Body"], 0).tolist() == [1]


def written(how: Sampling | None, rows: int = 6) -> list[tuple[int, ...]]:
    own = decoder(1, scale=4.0)
    made = [RowPrefix(0, TAXONOMY.sections[row % 3], ()) for row in range(rows)]
    tensors = row_tensors(made, tokenizer(), config(), CPU)
    return [
        row.tokens for row in generate(own, tokenizer(), study_tensors([request(1)], config(), CPU), tensors, (), how)
    ]


def test_a_seed_gives_one_text_whatever_is_decoded_beside_it() -> None:
    how = Sampling(1.0, None, 3)
    many, few = written(how), written(how, rows=2)
    assert many[:2] == few
    assert many == written(how)
    assert many != written(Sampling(1.0, None, 4))
    assert written(Sampling(1.0, 1)) == written(None), "the likeliest of one is the greedy choice"


def test_the_cached_batch_draws_what_the_naive_twin_draws() -> None:
    own, how = decoder(1, scale=4.0), Sampling(1.3, 20, 7)
    for number, tokens in enumerate(written(how, rows=3)):
        row = row_tensors([RowPrefix(0, TAXONOMY.sections[number], ())], tokenizer(), config(), CPU)
        slow = generate_naive(own, tokenizer(), study_tensors([request(1)], config(), CPU), row, None, how)
        assert slow.tokens == tokens


@pytest.mark.parametrize("bad", [{"temperature": 0.0}, {"temperature": 2.5}, {"top_k": 0}])
def test_what_cannot_be_drawn_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Sampling(**bad)  # type: ignore[arg-type]  # what a user may ask for
