"""Bits per byte are the text's loss over the bytes of its words, section by section."""

import math

import pytest

from service.site.decoder_training.batches import Batches
from service.site.decoder_training.bits_per_byte import SectionBits
from service.site.decoder_training.losses import TEXT_ALONE, Objective
from service.site.decoder_training.rows import Disturber
from tests.model.report.bridge import CPU, LANGUAGE, config, decoder, tokenizer
from tests.model.report.bridge_training import PHRASES, training_rows
from tests.service.site.decoder_training.test_rows import only


def test_all_sections_together_are_the_loss_of_the_training() -> None:
    made = Batches(training_rows(12), Disturber(only(own=1), PHRASES, LANGUAGE), tokenizer(), config(), CPU)
    own, batch = decoder(0), made.at(0, seed=1, size=8)
    found = SectionBits(own, tokenizer())
    found.add(batch)
    _, losses = Objective(own, TEXT_ALONE)(batch)
    nats = float(losses["text"]) * int(batch.counted.sum())
    per_byte = found.per_byte()
    assert per_byte["all"] == pytest.approx(nats / math.log(2) / sum(found.bytes.values()), rel=1e-3)
    assert set(per_byte) == {*(own.config.sections[s] for s in batch.rows.section.tolist()), "all"}


def test_only_words_have_bytes() -> None:
    found = SectionBits(decoder(0), tokenizer())
    slot = next(iter(tokenizer().slot_ids.values()))
    words = tokenizer().encode("The deck is dry.")
    assert found._bytes_of([*words, slot, tokenizer().sep, tokenizer().eos]) == len(b"The deck is dry.")
