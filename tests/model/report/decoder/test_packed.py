"""The packed forward pass against its slow twin: equal hidden states, equal gradients."""

import torch

from model.report.decoder.packed import read_packed
from service.site.decoder_training.batches import Batch, Batches
from service.site.decoder_training.rows import Disturber, Recipe
from tests.model.report.bridge import CPU, LANGUAGE, config, tokenizer
from tests.model.report.bridge_training import PHRASES, headed, training_rows


def drawn() -> Batch:
    rows = training_rows(12)
    return Batches(rows, Disturber(Recipe(), PHRASES, LANGUAGE), tokenizer(), config(), CPU).at(0, seed=1, size=8)


def test_packed_rows_are_read_as_the_decoder_reads_them() -> None:
    batch, decoder = drawn(), headed(2, scale=3.0)
    slow, slow_source = decoder(batch.studies, batch.rows, batch.text)
    fast, source = read_packed(decoder, batch.studies, batch.rows, batch.text, batch.counted)
    torch.testing.assert_close(fast[batch.counted], slow[batch.counted], rtol=1e-4, atol=1e-4)
    valid = batch.rows.valid
    torch.testing.assert_close(source.keys[valid], slow_source.keys[valid], rtol=1e-4, atol=1e-4)
    assert not fast[~batch.counted].any()


def test_packed_rows_teach_the_same() -> None:
    batch, decoder = drawn(), headed(2, scale=3.0)
    gradients = []
    for read in ("slow", "fast"):
        decoder.zero_grad()
        if read == "slow":
            hidden, source = decoder(batch.studies, batch.rows, batch.text)
        else:
            hidden, source = read_packed(decoder, batch.studies, batch.rows, batch.text, batch.counted)
        (hidden[batch.counted].square().mean() + source.keys[batch.rows.valid].square().mean()).backward()
        gradients.append({n: w.grad.clone() for n, w in decoder.named_parameters() if w.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-3, atol=1e-5)
