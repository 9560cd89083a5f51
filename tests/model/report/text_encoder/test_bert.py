"""Parity with BERT as its paper states it, written out slowly, and with a WordPiece of a dozen lines."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import BundleCorrupt
from model.report.text_encoder.bert import BertConfig, BertTextEncoder
from model.report.text_encoder.wordpiece import WordPiece

CONFIG = BertConfig(vocabulary=30, embedding_dim=6, layers=2, heads=2, width=8, inner_width=12, max_tokens=10)
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "mild", "mit", "##ral", "re", "##gurg", "##itation", ".", "no", "##s", "s"]


def seeded() -> BertTextEncoder:
    torch.manual_seed(0)
    encoder = BertTextEncoder(CONFIG)
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return encoder.eval()


def slow_norm(row: torch.Tensor, weights: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    mean = row.sum() / len(row)
    variance = ((row - mean) ** 2).sum() / len(row)
    return (row - mean) / torch.sqrt(variance + 1e-12) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def slow_bert(weights: dict[str, torch.Tensor], ids: list[int]) -> torch.Tensor:
    """One text, token by token and head by head, in float64."""
    weights = {name: tensor.double() for name, tensor in weights.items()}

    def linear(name: str, row: torch.Tensor) -> torch.Tensor:
        return weights[f"{name}.weight"] @ row + weights[f"{name}.bias"]

    summed = [weights["token.weight"][i] + weights["position.weight"][place] for place, i in enumerate(ids)]
    hidden = [slow_norm(row + weights["segment.weight"][0], weights, "norm") for row in summed]
    for layer in range(CONFIG.layers):
        at = f"blocks.{layer}"
        queries, keys, values = ([linear(f"{at}.{part}", row) for row in hidden] for part in ("query", "key", "value"))
        after = []
        for place, row in enumerate(hidden):
            mixed = []
            for head in (slice(0, 4), slice(4, 8)):
                scores = torch.stack([(queries[place][head] * key[head]).sum() / math.sqrt(4) for key in keys])
                shares = torch.exp(scores - scores.max()) / torch.exp(scores - scores.max()).sum()
                mixed.append(sum((s * v[head] for s, v in zip(shares, values, strict=True)), torch.zeros(4)))
            attended = slow_norm(row + linear(f"{at}.attention_out", torch.cat(mixed)), weights, f"{at}.attention_norm")
            wide = linear(f"{at}.expand", attended)
            wide = wide * 0.5 * (1 + torch.erf(wide / math.sqrt(2)))
            after.append(slow_norm(attended + linear(f"{at}.contract", wide), weights, f"{at}.norm"))
        hidden = after
    projected = linear("project", hidden[0])
    return torch.nn.functional.normalize(projected, dim=0)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 29), min_size=1, max_size=10), st.integers(0, 4))
def test_embeddings_equal_the_slow_twin_whatever_the_padding(ids: list[int], padding: int) -> None:
    encoder = seeded()
    length = min(len(ids) + padding, CONFIG.max_tokens)
    tokens = torch.tensor([[*ids, *[0] * (length - len(ids))]])
    with torch.inference_mode():
        fast = encoder(tokens, torch.arange(length)[None] < len(ids))
    torch.testing.assert_close(fast[0].double(), slow_bert(encoder.state_dict(), ids), atol=1e-5, rtol=1e-4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return tmp_path


def slow_wordpiece(text: str) -> list[str]:
    """Greedy longest match, word by word (Wu et al. 2016, section 4.1)."""
    pieces = []
    for word in text.lower().replace(".", " . ").split():
        start, found = 0, []
        while start < len(word):
            prefix = "##" if start else ""
            ends = [end for end in range(len(word), start, -1) if prefix + word[start:end] in WORDS]
            if not ends:
                found = ["[UNK]"]
                break
            found.append(prefix + word[start : ends[0]])
            start = ends[0]
        pieces += found
    return pieces


@pytest.mark.parametrize("text", ["Mild mitral regurgitation.", "no  MITRALS.", "severe", "mitmit", "", "s.s"])
def test_wordpiece_equals_the_slow_twin(folder: Path, text: str) -> None:
    ids = WordPiece.from_folder(folder).encode_batch([text], 512)[0]
    assert [WORDS[i] for i in ids] == ["[CLS]", *slow_wordpiece(text), "[SEP]"]


def test_long_texts_are_cut_and_keep_their_end(folder: Path, tmp_path: Path) -> None:
    tokenizer = WordPiece.from_folder(folder)
    assert [WORDS[i] for i in tokenizer.encode_batch(["no no no no no"], 4)[0]] == ["[CLS]", "no", "no", "[SEP]"]
    tokenizer.write(tmp_path / "t.json")
    again = WordPiece.read(tmp_path / "t.json")
    assert again.encode_batch(["Mild no."], 9) == tokenizer.encode_batch(["Mild no."], 9)
    assert (again.pad, again.size) == (0, len(WORDS))


def test_a_cased_vocabulary_is_read_as_one_and_a_foreign_one_refused(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}', encoding="utf-8")
    assert WordPiece.from_folder(folder).encode_batch(["Mild"], 9) == [(2, 1, 3)]
    (folder / "vocab.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"vocab\.txt: lacks the tokens \['\[PAD\]'"):
        WordPiece.from_folder(folder)
    (folder / "t.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BundleCorrupt, match=r"t\.json"):
        WordPiece.read(folder / "t.json")
