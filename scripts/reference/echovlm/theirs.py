"""echovlm's side: prepares its data, runs its tokenizer's and its decoder's training, writes its reports."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from scripts.reference.echovlm.environment import HERE, make_environment, run_theirs
from scripts.reference.echovlm.held_out import HeldOut, Text
from scripts.reference.echovlm.layout import FurtherStudies, sections_in, write_layout

# Its script is made for batches of 256 reports on a data centre's GPU: on two processors that is one step in several
# minutes. Sixteen is what its loss falls fastest with in the same time (docs/echoprime.md).
SETTINGS = {"device_batch_size": 16, "eval_every": 250}
MEASURED = "measured.json"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Theirs:
    """Where its data and weights lie, and what interpreter runs it. settings: of its training script."""

    checkout: Path
    folder: Path
    python: Path
    settings: Mapping[str, Any] = field(default_factory=lambda: SETTINGS)
    dtype: str = "float32"

    def prepare(
        self, bank: CandidateBank, held_out: HeldOut, label_sources: Path, further: FurtherStudies | None
    ) -> None:
        """Writes the release in its layout and trains its tokenizer, by its own script."""
        write_layout(bank, held_out.candidates, label_sources, self.folder, further)
        run_theirs(self.python, self.checkout, self.folder, "-m", "scripts.tok_train")

    def train(self, seconds: float) -> dict[str, Any]:
        """Runs its training script. Returns what was measured."""
        settings = json.dumps(dict(self.settings))
        options = ["--seconds", str(seconds), "--settings", settings, "--dtype", self.dtype]
        run_theirs(
            self.python, self.checkout, self.folder, str(HERE / "their_training.py"), str(self.checkout), *options
        )
        return self.measured

    @property
    def measured(self) -> dict[str, Any]:
        """What its training reached."""
        found: dict[str, Any] = json.loads((self.folder / MEASURED).read_text(encoding="utf-8"))
        return found

    def write(self, name: str, vectors: NDArray[np.float32], sections: Sequence[str], tokens: int) -> list[Text]:
        """Its reports of some vectors, of so many tokens at most."""
        given, out = (self.folder / f"{name}{ending}" for ending in (".npy", ".jsonl"))
        if not (out.exists() and np.array_equal(np.load(given), vectors)):
            out.unlink(missing_ok=True)
            np.save(given, vectors)
            checkpoint = str(Path(self.measured["folder"]) / "checkpoint.pt")
            partial = out.with_suffix(".part")
            paths = [str(HERE / "their_reports.py"), checkpoint, str(given.resolve()), str(partial.resolve())]
            run_theirs(self.python, self.checkout, self.folder, *paths, "--check", "--tokens", str(tokens))
            partial.replace(out)
        texts = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        return [sections_in(text, tuple(sections)) for text in texts]


def theirs_in(folder: Path, checkout: Path, settings: Mapping[str, Any], dtype: str) -> Theirs:
    """Its side in a folder; the environment is made where there is none."""
    python = make_environment(folder.parent / "environment").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return Theirs(checkout.absolute(), folder.absolute(), python, {**SETTINGS, **settings}, dtype)
