"""Bits per byte of what held-out reports say, section by section, each read with what its study found in the bank."""

import numpy as np

from model.report.decoder.decoder import Decoder
from service.site.bank_training.rows.batches import BankBatches
from service.site.bank_training.rows.drawing import OWN, Drawn
from service.site.decoder_training.bits_per_byte import SectionBits

_ROWS_AT_ONCE = 64


def section_bits(decoder: Decoder, batches: BankBatches) -> dict[str, float]:
    """Section → bits per byte, and `all` of them together; every row once, unchanged."""
    found = SectionBits(decoder, batches.tokenizer)
    count = len(batches.drawing.rows)
    for start in range(0, count, _ROWS_AT_ONCE):
        found.add(batches.collate(unchanged(np.arange(start, min(count, start + _ROWS_AT_ONCE), dtype=np.int64))))
    return found.per_byte()


def unchanged(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Drawn:
    """Rows as they are: own evidence, votes and vectors, in the bank's words."""
    never = np.zeros(len(rows), np.bool_)
    return Drawn(
        row=rows,
        kind=np.full(len(rows), OWN, np.int64),
        other=rows,
        contrast=np.full(len(rows), -1, np.int64),
        identical=never,
        unestimated=never,
        unseen=never,
        invented=never,
        number=rows,
    )
