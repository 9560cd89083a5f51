"""The report tokenizer, learned from a language's phrases, and from the reports of a bank if one is given.

Byte-level BPE in which every slot is one token. The vocabulary may end up smaller than asked for: merging stops when
every word of the texts is one token.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from index.phrase_table import PhraseTable
from model.bundle import read_bundle
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer, train_tokenizer
from model.report.language.language import Language
from service.settings import shipped_bundle
from service.site.decoder_training.options import VOCABULARY, TokenizerOptions


def language_texts(language: Language) -> Iterator[str]:
    """All wordings of a language, with and without their numbers."""
    for phrase in language.phrases:
        yield phrase.template
        if phrase.numberless != phrase.template:
            yield phrase.numberless


def bank_texts(bank: Path) -> Iterator[str]:
    """All wordings of a bank's phrase table, without numbers."""
    return (row.numberless for row in PhraseTable.read(bank))


def report_tokenizer(language: Language, bank: Path | None = None, vocabulary: int = VOCABULARY) -> ReportTokenizer:
    """The tokenizer of a language; a bank's wordings join in where one is given."""
    texts = [*language_texts(language), *(bank_texts(bank) if bank else ())]
    return train_tokenizer(texts, vocabulary, tuple(language.slots))


def write_tokenizer(options: TokenizerOptions) -> dict[str, Any]:
    """Writes tokenizer.json into the folder. Returns its path and sizes. Raises ValueError or OSError."""
    language = Language.read(options.phrases or shipped_phrases())
    tokenizer = report_tokenizer(language, options.bank, options.vocabulary)
    options.out.mkdir(parents=True, exist_ok=True)
    written = options.out / TOKENIZER_FILE
    tokenizer.write(written)
    return {"tokenizer": str(written), "tokens": tokenizer.size, "slots": len(tokenizer.slot_ids)}


def shipped_phrases() -> Path:
    """The phrase file of the shipped bundle. Raises ValueError when it has none."""
    phrases = read_bundle(shipped_bundle()).phrases
    if phrases is None:
        raise ValueError(f"{shipped_bundle()}: brings no language; name a phrase file (--phrases)")
    return shipped_bundle() / phrases
