"""What the decoder is trained for. Each loss is a function of decoder and batch."""

import torch

from model.report.copying import target_log_probabilities, written_log_probabilities
from model.report.decoder import Decoder
from scripts.training.batches import Batch

# Weight of the vocabulary's own cross-entropy. Copying soon explains most tokens, and then hardly any gradient teaches
# the decoder to write by itself. LOG 2026-11-22: added after a run whose mode `generate` wrote no well-formed sentence;
# other things changed with it, so its own share is not measured.
WRITTEN_WEIGHT = 0.5


def text_loss(decoder: Decoder, batch: Batch) -> torch.Tensor:
    """Mean negative log probability of the target tokens, a scalar: written or copied, plus written alone by weight."""
    hidden, source = decoder(batch.studies, batch.rows, batch.text)
    log_shares = decoder.copier(hidden, batch.state, source)
    logits = decoder.logits(hidden)
    likelihood = target_log_probabilities(logits, log_shares, source.tokens, batch.targets)
    likelihood = likelihood + WRITTEN_WEIGHT * written_log_probabilities(logits, batch.targets)
    return -(likelihood * batch.counted).sum() / batch.counted.sum()
