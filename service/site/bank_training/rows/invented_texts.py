"""Sentences in words that nobody uses: what teaches a decoder to copy wording that it never saw."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from index.phrase_table import PhraseTable
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.language.language import Language
from model.report.request import EvidenceSentence
from service.site.bank_training.rows.wording_table import Text, WordingTable, with_beginnings
from service.site.decoder_training.rewording import Rewording

_OF_EACH = 1024  # a row draws a dozen; no two rows of a batch are likely to share one
Ids = NDArray[np.int64]


def with_invented(
    table: WordingTable,
    phrases: PhraseTable,
    language: Language,
    tokenizer: ReportTokenizer,
    longest: int,
) -> tuple[WordingTable, Mapping[str | None, Ids]]:
    """The table with invented texts behind its own; slot (None: without one) → their numbers."""
    rewording = Rewording(phrases, language)
    rng = np.random.default_rng(0)
    texts: list[Text] = []
    numbers: dict[str | None, Ids] = {}
    for slot in [None, *sorted({text.slot for text in table.texts if text.slot is not None})]:
        wanted = [EvidenceSentence(str(place), "", slot, 1.0, ()) for place in range(_OF_EACH)]
        sentences = list(rewording.invented(wanted, rng).values())
        encoded = tokenizer.encode_batch([sentence.template for sentence in sentences])
        short = [(s, ids) for s, ids in zip(sentences, encoded, strict=True) if 0 < len(ids) <= longest]
        first = len(table.texts) + len(texts)
        numbers[slot] = np.arange(first, first + len(short))
        for number, (sentence, ids) in enumerate(short, start=first):
            tokens, beginnings = with_beginnings(ids, tokenizer.sep)
            texts.append(Text("", sentence.template, sentence.numberless, slot, tokens, beginnings, (), -1 - number))
    return table.extended(texts), numbers
