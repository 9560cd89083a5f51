"""Learns the report tokenizer from a language's phrases, and from the reports of a bank if one is given.

    python -m service.site.decoder_training.train_tokenizer --out FOLDER [--phrases FILE] [--bank FOLDER] [--vocabulary
        2048]

Writes FOLDER/tokenizer.json: byte-level BPE in which every slot is one token. The vocabulary may end up smaller than
asked for: merging stops when every word of the texts is one token.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from index.phrase_table import PhraseTable
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer, train_tokenizer
from model.report.language.language import Language

PHRASES = Path("model/echo/phrases/en.json")
VOCABULARY = 2048  # more than the English phrases fill (LOG 2026-11-22: 1,273), so that imported wording fits too


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


def main() -> None:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder that tokenizer.json is written to")
    parser.add_argument("--phrases", type=Path, default=PHRASES, help="phrase file of the language")
    parser.add_argument("--bank", type=Path, help="bank whose wordings are learned as well")
    parser.add_argument("--vocabulary", type=int, default=VOCABULARY, help="largest number of tokens")
    args = parser.parse_args()
    tokenizer = report_tokenizer(Language.read(args.phrases), args.bank, args.vocabulary)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer.write(args.out / TOKENIZER_FILE)
    print(f"{args.out / TOKENIZER_FILE}: {tokenizer.size} tokens, {len(tokenizer.slot_ids)} slots")


if __name__ == "__main__":
    main()
