"""Writes reports with a decoder that echovlm's script trained, by its own network, tokenizer and cache.

    PYTHON their_reports.py CHECKPOINT VECTORS.npy OUT.jsonl [--tokens 1024] [--rows 16]

Runs in the folder that holds `assets/`, with the checkout on the module path. Greedy, as their evaluation; their engine
writes one study at a time, which this does for several: every prompt is one vector and one token, so that the rows of a
batch never differ in length. `--check` writes the first two also with their engine and compares.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from echovlm.engine import Engine, KVCache  # type: ignore[import-not-found]  # of the checkout
from echovlm.gpt import GPT, GPTConfig  # type: ignore[import-not-found]  # of the checkout
from echovlm.tokenizer import RustBPETokenizer  # type: ignore[import-not-found]  # of the checkout

_CHECKED = 2


def load(checkpoint: Path) -> GPT:
    """The network of a checkpoint."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = GPT(GPTConfig(**state["model_config"]))
    model.load_state_dict(state["model"])
    return model.eval()


@torch.inference_mode()
def write(model: GPT, tokenizer: RustBPETokenizer, vectors: torch.Tensor, most: int) -> list[str]:
    """Reports of some studies. vectors: float32 (B, D)."""
    config = model.config
    bos, eos = tokenizer.get_bos_token_id(), tokenizer.encode_special("<|eos|>")
    heads, width = config.n_kv_head, config.n_embd // config.n_head
    cache = KVCache(len(vectors), heads, most + 2, width, config.n_layer)
    unit = torch.nn.functional.normalize(vectors, dim=-1)[:, None]
    ids = torch.full((len(vectors), 1), bos)
    texts: list[list[int]] = [[] for _ in vectors]
    ended = [False] * len(texts)
    logits = model.forward(ids, study_embeddings=unit, kv_cache=cache)
    for _ in range(most):
        chosen = logits[:, -1].argmax(-1)
        for row, token in enumerate(chosen.tolist()):
            ended[row] = ended[row] or token == eos
            if not ended[row]:
                texts[row].append(token)
        if all(ended):
            break
        logits = model.forward(chosen[:, None], kv_cache=cache)
    return [tokenizer.decode(text) for text in texts]


def differing(model: GPT, tokenizer: RustBPETokenizer, vectors: torch.Tensor, most: int) -> int:
    """How many of the first studies their engine writes otherwise."""
    engine = Engine(model, tokenizer)
    bos = [tokenizer.get_bos_token_id()]
    own = [
        engine.generate_batch(bos, study_embeddings=vector[None], num_samples=1, max_tokens=most, temperature=0.0)[0]
        for vector in vectors[:_CHECKED]
    ]
    theirs = [tokenizer.decode(rows[0][1:]) for rows in own]
    return sum(a != b for a, b in zip(theirs, write(model, tokenizer, vectors[:_CHECKED], most), strict=True))


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    model, tokenizer = load(arguments.checkpoint), RustBPETokenizer.from_directory("assets/tokenizer")
    vectors = torch.from_numpy(np.load(arguments.vectors)).float()
    if arguments.check and (other := differing(model, tokenizer, vectors, arguments.tokens)):
        sys.stderr.write(f"{other} of the first {_CHECKED} reports are not what their engine writes\n")
        return 1
    with arguments.out.open("w", encoding="utf-8") as file:
        for start in range(0, len(vectors), arguments.rows):
            for text in write(model, tokenizer, vectors[start : start + arguments.rows], arguments.tokens):
                file.write(json.dumps(text) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
