"""The loop learns pairs apart, draws different patients, and a stopped run ends as an unbroken one."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from model.bundle import BundleManifest, taxonomy_fields
from model.report.text_encoder.text_encoder import own_tower
from service.site.decoder_training.decoder_loop import Plan
from service.site.fine_tuning.clips import ClipFolder
from service.site.fine_tuning.contrastive_loop import Drawing, FineTuner
from service.site.fine_tuning.contrasts import Contrasting
from service.site.fine_tuning.pairs import Pair, SitePairs
from service.site.fine_tuning.retrieval import recall
from service.site.fine_tuning.towers import Towers
from service.site.training.checkpoint import CHECKPOINT
from service.site.training.fit import LOG, Losses
from tests.model.report.bridge import CPU, DIM, TAXONOMY, text_encoder, tokenizer

TEXTS = ("The deck is sound.", "Rust covers the cables.", "No pier has moved.", "The cables are taut.")
PLAN = Plan(10, rows_per_step=4, learning_rate=1e-2, log_every=1, checkpoint_every=4)


def manifest(**changes: object) -> BundleManifest:
    """Sections are told by one view each."""
    weights = {
        "Deck": {"side": 1.0, "below": 0.0},
        "Piers": {"side": 0.0, "below": 1.0},
        "Cables": {"side": 1.0, "below": 1.0},
    }
    fields = {
        "name": "bridge", "trained": True, "domain": "clinical", "preprocessing": {}, "networks": {},
        "embedding_dim": DIM, "view_weighting": "argmax", "min_section_weight": 0.5, "mil_weights": weights,
        "licence_notice": "MIT", **taxonomy_fields(TAXONOMY), **changes,
    }  # fmt: skip
    return BundleManifest.model_validate(fields)


WHOLE = Contrasting(manifest())
SITE = SitePairs(
    tuple(Pair(f"S{n}", f"P{n // 2}", TEXTS[n // 2], {"Deck": TEXTS[n // 2]}, False) for n in range(8)), {}
)


class Video(nn.Module):
    """Batch statistics, dropout and a projection of the mean: all that the towers must cope with."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.drop, self.head = nn.BatchNorm1d(3), nn.Dropout(0.2), nn.Linear(3, DIM)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """(B, DIM)."""
        out: torch.Tensor = self.head(self.drop(self.norm(clips.mean(dim=(2, 3, 4)))))
        return out


@pytest.fixture
def clips(tmp_path: Path) -> ClipFolder:
    """Two clips a study; the colour tells the patient."""
    folder = tmp_path / "clips"
    folder.mkdir()
    colours = np.random.default_rng(0).standard_normal((4, 3))
    for place in range(8):
        inputs = np.ones((2, 3, 2, 4, 4)) * colours[place // 2][None, :, None, None, None]
        np.save(folder / f"{place}.inputs.npy", inputs.astype(np.float16))
        np.save(folder / f"{place}.views.npy", np.eye(2, dtype=np.float32))
    return ClipFolder(folder)


def tuner(clips: ClipFolder, out: Path, *, train_text: bool = True) -> FineTuner:
    torch.manual_seed(0)
    tower = own_tower(copy.deepcopy(text_encoder()), tokenizer())
    out.mkdir()
    towers = Towers(Video(), tower.network, train_text=train_text)
    return FineTuner(towers, Drawing(SITE, clips, tower, WHOLE, list(range(8))), CPU, out)


def test_pairs_come_together_and_batch_statistics_stay(clips: ClipFolder, tmp_path: Path) -> None:
    found = tuner(clips, tmp_path / "run")
    statistics = copy.deepcopy(found.towers.video.norm.state_dict())  # type: ignore[union-attr]  # the stub above
    assert found.train(Plan(60, rows_per_step=4, learning_rate=3e-2, log_every=1), "") == 60
    losses = [json.loads(line)["loss"] for line in (tmp_path / "run" / LOG).read_text().splitlines()]
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
    for name, value in found.towers.video.norm.state_dict().items():  # type: ignore[union-attr]  # the stub above
        if name.startswith("running"):
            assert value.equal(statistics[name])


def test_a_frozen_text_tower_stays_as_it_was(clips: ClipFolder, tmp_path: Path) -> None:
    found = tuner(clips, tmp_path / "run", train_text=False)
    text, video = (copy.deepcopy(part.state_dict()) for part in (found.towers.text, found.towers.video))
    found.train(PLAN, "")
    assert all(value.equal(text[name]) for name, value in found.towers.text.state_dict().items())
    assert any(not value.equal(video[name]) for name, value in found.towers.video.state_dict().items())


def test_a_stopped_run_ends_as_an_unbroken_one(
    clips: ClipFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = tuner(clips, tmp_path / "one")
    unbroken.train(PLAN, "")
    stopped, original = tuner(clips, tmp_path / "two"), FineTuner._losses
    calls = iter(range(100))

    def stopping(*given: object) -> Losses:
        if next(calls) == 6:
            raise KeyboardInterrupt
        return original(*given)  # type: ignore[arg-type]  # passed on

    with monkeypatch.context() as patch:
        patch.setattr(FineTuner, "_losses", stopping)
        with pytest.raises(KeyboardInterrupt):
            stopped.train(PLAN, "")
    stopped.train(PLAN, "")
    for name, weight in unbroken.towers.state_dict().items():
        torch.testing.assert_close(stopped.towers.state_dict()[name], weight, rtol=0, atol=0)
    with pytest.raises(ValueError, match=CHECKPOINT):
        stopped.train(PLAN, "another bundle")


def test_a_step_draws_different_patients_and_processes_share_them(clips: ClipFolder) -> None:
    tower = own_tower(text_encoder(), tokenizer())
    whole = Drawing(SITE, clips, tower, WHOLE, list(range(8))).at(3, PLAN).clips
    assert len(whole) == 4
    assert len({tuple(clip.flatten(1)[:, 0].tolist()) for clip in whole}) == 4
    half = Plan(10, rows_per_step=2)
    parts = [Drawing(SITE, clips, tower, WHOLE, list(range(8)), rank, 2).at(3, half).clips for rank in (0, 1)]
    assert torch.equal(torch.stack([parts[0][0], parts[1][0], parts[0][1], parts[1][1]]), whole)


def test_recall_counts_ties_against_the_study() -> None:
    pairs = np.eye(8, dtype=np.float32)
    assert recall(pairs, pairs)["recall_at_5"] == 1
    assert recall(np.ones((8, 8), np.float32), np.ones((8, 8), np.float32))["recall_at_5"] == 0
    assert recall(pairs, pairs)["chance"] == 5 / 8
    assert recall(pairs[:5], pairs[:5])["recall_at_5"] is None
    assert recall(pairs, np.roll(pairs, 1, axis=0))["median_rank"] == 8


def test_sections_with_dimensions_of_their_own_are_compared_in_them_and_by_the_views_that_tell_them() -> None:
    parts = {"Deck": (0, 3), "Piers": (3, 6), "Cables": (6, 8)}
    said = [{"Deck": "Sound.", "Piers": "Cracked."}, {"Deck": "Sound.", "Cables": "Slack."}, {"Piers": "Moved."}]
    pairs = [Pair(f"S{n}", f"P{n}", "", sections, False) for n, sections in enumerate(said)]
    side, below = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    texts, contrasts = Contrasting(manifest(section_subspaces=parts)).of(pairs, torch.stack([side, side, below]))
    assert texts == ["Sound."]  # the piers of the first are not seen from the side, and nobody else has cables
    (deck,) = contrasts
    assert (deck.first, deck.end, deck.rows.tolist(), deck.texts.tolist()) == (0, 3, [0, 1], [0, 0])
    _, contrasts = Contrasting(manifest(section_subspaces=parts)).of(pairs, torch.stack([below, side, below]))
    assert [(c.first, c.rows.tolist(), c.texts.tolist()) for c in contrasts] == [(3, [0, 2], [0, 1])]


def test_the_same_text_of_another_patient_is_no_negative() -> None:
    towers = Towers(Video(), text_encoder(), train_text=True).eval()
    seen, said = torch.eye(2, 4), torch.tensor([[1.0, 0, 0, 0], [1.0, 0, 0, 0]])
    assert towers._contrast(seen, said, torch.tensor([0, 0])).item() == 0
    assert towers._contrast(seen, said, torch.tensor([0, 1])).item() > 1
