"""Placement on a GPU without one: prefill and a decoding step touch no tensor of another device.

FakeTensorMode carries shapes and devices, no values. Networks are built outside it and moved inside.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from model.device import Placement
from model.report.decoder.decoder import Decoder
from model.report.decoder.generate import prefill, step
from model.report.decoder.prefix import RowPrefix, encode_evidence, row_tensors, study_tensors
from model.report.text_encoder.text_encoder import TextEncoder
from tests.model.report.bridge import config, decoder, evidence, request, text_encoder, tokenizer

CUDA = Placement(torch.device("cuda"), torch.float32, "fake")


@contextmanager
def fake_cuda() -> Iterator[None]:
    """A mode in which cuda exists, and `.to` replaces parameters instead of their data."""
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
            yield
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)


def decode_two_tokens(own: Decoder) -> tuple[torch.Tensor, torch.Tensor]:
    """The probabilities of the second token, and the cache, of two rows on the fake device."""
    encoded = encode_evidence([evidence("The deck is sound."), evidence("The deck is cracked.")], tokenizer(), config())
    rows = [RowPrefix(0, "Deck", encoded), RowPrefix(0, "Piers", ())]
    studies = study_tensors([request(1, load=20.0)], config(), CUDA)
    batch = prefill(own, tokenizer(), studies, row_tensors(rows, tokenizer(), config(), CUDA))
    probabilities, _ = step(own, batch, 0)
    batch = batch.followed_by(probabilities.argmax(-1), batch.said, tokenizer().sep)
    return step(own, batch, 1)[0], batch.cache.keys


def test_prefill_and_a_step_run_on_the_device_they_are_placed_on() -> None:
    own = decoder()
    with fake_cuda():
        probabilities, keys = decode_two_tokens(own.to(CUDA.device))
    assert probabilities.device.type == keys.device.type == "cuda"
    assert tuple(probabilities.shape) == (2, config().vocabulary)


@pytest.mark.parametrize("name", ["token", "transformer", "copier", "estimate", "support", "not_assessed"])
def test_one_part_left_on_the_cpu_is_found(name: str) -> None:
    own, left = decoder(), decoder().get_submodule(name)  # both built outside the mode
    with fake_cuda():
        own.to(CUDA.device)
        setattr(own, name, left)
        with pytest.raises(RuntimeError, match="device"):
            decode_two_tokens(own)


def test_the_text_encoder_runs_on_the_device_it_is_placed_on() -> None:
    own: TextEncoder = text_encoder()
    with fake_cuda():
        own.to(CUDA.device)
        tokens = torch.zeros(2, 5, dtype=torch.int64, device="cuda")
        embedded = own(tokens, torch.ones(2, 5, dtype=torch.bool, device="cuda"))
    assert embedded.device.type == "cuda"
