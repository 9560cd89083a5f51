"""Byte-level BPE over report sentences: slots are single tokens, and the tokens that could write a digit are known."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from model.errors import BundleCorrupt

TOKENIZER_FILE = "tokenizer.json"  # in the folder of a bundle
PAD, BOS, SEP, EOS = "<pad>", "<bos>", "<sep>", "<eos>"
_CONTROL = (PAD, BOS, SEP, EOS)  # ids 0..3


class ReportTokenizer:
    """Sentences to token ids and back without loss. BOS begins a text, SEP ends each sentence, EOS ends the text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.pad, self.bos, self.sep, self.eos = map(self._control_id, _CONTROL)

    def _control_id(self, name: str) -> int:
        index = self._tokenizer.token_to_id(name)
        assert index is not None, f"the tokenizer lacks {name}"
        return index

    @classmethod
    def read(cls, path: Path) -> Self:
        """The tokenizer in a `tokenizer.json`. Raises BundleCorrupt, naming the file."""
        try:
            tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # the library raises bare Exception for any JSON it does not like
            raise BundleCorrupt(f"{path}: cannot be read as a tokenizer ({error})") from error
        missing = [name for name in _CONTROL if tokenizer.token_to_id(name) is None]
        if missing:
            raise BundleCorrupt(f"{path}: lacks the tokens {missing}")
        return cls(tokenizer)

    def write(self, path: Path) -> None:
        """Writes `tokenizer.json`."""
        path.write_text(self._tokenizer.to_str(pretty=False), encoding="utf-8")

    @property
    def size(self) -> int:
        """Number of tokens, slots and control tokens included."""
        return self._tokenizer.get_vocab_size(with_added_tokens=True)

    @cached_property
    def control_ids(self) -> frozenset[int]:
        """Ids that no sentence may hold."""
        return frozenset((self.pad, self.bos, self.sep, self.eos))

    @cached_property
    def slot_ids(self) -> dict[str, int]:
        """Slot name → id of its single token."""
        added = self._tokenizer.get_added_tokens_decoder()
        return {token.content[1:-1]: index for index, token in added.items() if index not in self.control_ids}

    @cached_property
    def unwritable_ids(self) -> tuple[int, ...]:
        """Ids that are masked while decoding: PAD, BOS and every token with a digit in it.

        A slot's name may hold a digit (``<e1>``): it is one token and never reaches the text as written.
        """
        slots = set(self.slot_ids.values())
        digits = (index for token, index in self._tokenizer.get_vocab().items() if any(map(str.isdecimal, token)))
        return tuple(sorted({self.pad, self.bos, *digits} - slots))

    def encode(self, sentence: str) -> tuple[int, ...]:
        """Token ids of one sentence, without BOS, SEP or EOS; ``<slot>`` placeholders become single ids."""
        return tuple(self._tokenizer.encode(sentence, add_special_tokens=False).ids)

    def encode_batch(self, sentences: Sequence[str]) -> list[tuple[int, ...]]:
        """`encode` of many sentences at once."""
        encodings = self._tokenizer.encode_batch(list(sentences), add_special_tokens=False)
        return [tuple(encoding.ids) for encoding in encodings]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, slots as ``<slot>``."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))


def train_tokenizer(texts: Iterable[str], vocabulary_size: int, slots: Sequence[str]) -> ReportTokenizer:
    """A tokenizer learned from sentences; deterministic for the same texts in the same order.

    Bytes are the base alphabet (Radford et al. 2019), so any wording of any bank can be encoded and copied.
    """
    tokenizer = Tokenizer(models.BPE())
    # Digits stand alone, so that no merge hides one inside a longer token that would have to be masked with it.
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    special = [
        AddedToken(name, special=True, normalized=False) for name in (*_CONTROL, *(f"<{slot}>" for slot in slots))
    ]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return ReportTokenizer(tokenizer)
