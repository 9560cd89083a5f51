"""WordPiece over a BERT vocabulary: a text as token ids, from a user's own tokenizer folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from model.errors import BundleCorrupt

WORDPIECE_FILE = "text_tokenizer.json"
_CONTROL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


class WordPiece:
    """Texts to ids: [CLS] first, [SEP] last, cut to `max_tokens`."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.pad = _id(tokenizer, "[PAD]")

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """The tokenizer of a folder with a `vocab.txt`, one token per line; lower case unless a configuration says no.

        Raises ValueError naming the file and the tokens that it lacks.
        """
        path, settings = folder / "vocab.txt", folder / "tokenizer_config.json"
        tokens = path.read_text(encoding="utf-8").splitlines()
        vocabulary = {token: row for row, token in enumerate(tokens)}
        if missing := [token for token in _CONTROL if token not in vocabulary]:
            raise ValueError(f"{path}: lacks the tokens {missing}; is it a BERT vocabulary?")
        lowercase = True
        if settings.is_file():
            lowercase = bool(json.loads(settings.read_text(encoding="utf-8")).get("do_lower_case", True))
        tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a token of text
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.post_processor = processors.BertProcessing(
            ("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"])
        )
        return cls(tokenizer)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The tokenizer in a bundle's file. Raises BundleCorrupt, naming the file."""
        try:
            return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # the library raises bare Exception for any JSON it does not like
            raise BundleCorrupt(f"{path}: cannot be read as a WordPiece tokenizer ({error})") from error

    def write(self, path: Path) -> None:
        """Writes the tokenizer as one JSON file."""
        path.write_text(self._tokenizer.to_str(pretty=False), encoding="utf-8")

    @property
    def size(self) -> int:
        """Number of tokens."""
        return self._tokenizer.get_vocab_size()

    def encode_batch(self, texts: Sequence[str], max_tokens: int) -> list[tuple[int, ...]]:
        """Ids of each text, control tokens included; the end of a longer text is lost, [SEP] stays."""
        self._tokenizer.enable_truncation(max_tokens)
        return [tuple(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]


def _id(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer lacks {token}")
    return int(found)
