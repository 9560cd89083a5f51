"""How many bits a decoder needs for a byte of its sections' text: a loss that does not depend on the vocabulary.

Bytes are those of the words; separators, the end and slots, which stand for numbers, have none, and their bits count.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch

from model.report.decoder.copying import target_log_probabilities, written_log_probabilities
from model.report.decoder.decoder import Decoder
from model.report.decoder.tokenizer import ReportTokenizer
from service.site.decoder_training.batches import Batch


@dataclass
class SectionBits:
    """Bits and bytes by section, batch by batch."""

    decoder: Decoder
    tokenizer: ReportTokenizer
    bits: dict[str, float] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    @torch.inference_mode()
    def add(self, batch: Batch) -> None:
        """Counts a batch, each row read with its own evidence."""
        decoder = self.decoder
        hidden, source = decoder(batch.studies, batch.rows, batch.text)
        log_shares = decoder.copier(hidden, batch.state, source)
        written = written_log_probabilities(decoder.logits(hidden), batch.targets)
        likelihood = target_log_probabilities(written, log_shares, source.tokens, batch.targets)
        bits = -(likelihood * batch.counted).sum(1) / math.log(2)
        rows = zip(batch.rows.section.tolist(), bits.tolist(), batch.targets, batch.counted, strict=True)
        for section, spent, targets, counted in rows:
            name = decoder.config.sections[section]
            self.bits[name] = self.bits.get(name, 0.0) + spent
            self.bytes[name] = self.bytes.get(name, 0) + self._bytes_of(targets[counted].tolist())

    def per_byte(self) -> dict[str, float]:
        """Section → bits per byte, and `all` of them together."""
        found = {name: self.bits[name] / max(self.bytes[name], 1) for name in self.bits}
        together = sum(self.bits.values()) / max(sum(self.bytes.values()), 1)
        return {name: round(value, 4) for name, value in {**found, "all": together}.items()}

    def _bytes_of(self, ids: Iterable[int]) -> int:
        silent = self.tokenizer.control_ids | set(self.tokenizer.slot_ids.values())
        return len(self.tokenizer.decode([id_ for id_ in ids if id_ not in silent]).encode())
