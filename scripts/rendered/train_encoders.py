"""Trains the text tower and then, against it, the video encoder; each goes on where it was stopped.

    python -m scripts.rendered.train_encoders --clips STORE --text-seconds 300 --seconds 2400 --out FOLDER

STORE holds rendered clips of encoder seeds (`python -m scripts.rendered.render_clips`). Writes
video_encoder.safetensors,
text_encoder.safetensors, tokenizer.json, networks.json, log.jsonl, curve.png and checkpoint.pt; the text tower's own
log, curve and checkpoint lie under text/. The last line is one JSON object.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.checkpoint import load_weights, save_weights
from model.device import Placement, choose_placement
from model.echo.networks.planar_encoder import planar_encoder
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.phrases.reader import ENGLISH_FILE
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer
from model.report.language.language import Language
from model.report.text_encoder.text_encoder import TextEncoder, TextEncoderConfig
from model.section_subspaces import even_subspaces
from scripts.needed_extra import stop_without
from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.phantom.scan.tensors import input_config
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.training.clip_batches import ClipBatches, ClipPictures
from scripts.rendered.training.clip_store import ClipStore
from scripts.rendered.training.picture_store import PictureStore
from scripts.rendered.training.section_objective import phenotype_labels
from scripts.rendered.training.section_targets import FindingScale
from scripts.rendered.training.section_texts import SectionTexts, encode_blocks
from scripts.rendered.training.study_encoding import NETWORKS_FILE
from scripts.rendered.training.text_tower import TextTowerTrainer
from scripts.rendered.training.video_tower import Patients, VideoTowerTrainer
from service.site.decoder_training.report_tokenizer import report_tokenizer
from service.site.training.curve import draw_curve
from service.site.training.fit import LOG

VIDEO_FILE, TEXT_FILE = "video_encoder.safetensors", "text_encoder.safetensors"
WIDTH = 24  # dimensions of each section; LOG 2026-11-22
_TEXT_SEED = 1  # of the encoder's range: patients of whom only reports are seen


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="store of rendered clips")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results; resumed if it was begun")
    parser.add_argument("--text-patients", type=int, default=16_000, help="reports that the text tower learns from")
    parser.add_argument("--text-seconds", type=float, default=300.0, help="time of the text tower's training")
    parser.add_argument("--seconds", type=float, default=2400.0, help="time of the video encoder's training")
    parser.add_argument("--batch", type=int, default=64, help="clips per step")
    parser.add_argument("--held-out", type=int, default=1000, help="last clips of the store, never learned from")
    parser.add_argument("--phrases", type=Path, default=ENGLISH_FILE, help="phrase file of the language")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


@dataclass(frozen=True, eq=False)
class Stages:
    """Both trainings of one command line."""

    args: argparse.Namespace
    language: Language
    tokenizer: ReportTokenizer
    placement: Placement

    @property
    def subspaces(self) -> dict[str, tuple[int, int]]:
        """Section → its dimensions."""
        return even_subspaces(ECHO_TAXONOMY.sections, WIDTH)

    def text_tower(self, out: Path) -> tuple[TextEncoder, FindingScale]:
        """The trained text tower, and the scale that findings are compared by, fitted on the same patients."""
        priors: tuple[Prior, Prior] = ("clinical", "independent")
        seed = seed_for("encoder", _TEXT_SEED)
        states = [state_of(seed, number, priors[number % 2]) for number in range(self.args.text_patients)]
        scale = FindingScale.fit(states)
        rng = np.random.default_rng([seed, 4])  # 4: wordings
        texts = SectionTexts.of(states, self.language, self.tokenizer, scale, rng)
        config = TextEncoderConfig(vocabulary=self.tokenizer.size, embedding_dim=WIDTH * len(ECHO_TAXONOMY.sections))
        trainer = TextTowerTrainer(config, self.subspaces, self.placement, self.args.seed)
        return trainer.train(texts, self.args.text_seconds, out), scale

    def patients(self, store: ClipStore, tower: TextEncoder, scale: FindingScale) -> Patients:
        """The store's patients with their reports' vectors."""
        recipe = store.recipe
        firsts = range(0, store.done, recipe.clips_per_study)
        states = [state_of(recipe.seed, recipe.study(clip), recipe.prior(clip)) for clip in firsts]
        rng = np.random.default_rng([recipe.seed, 4])
        texts = SectionTexts.of(states, self.language, self.tokenizer, scale, rng)
        blocks = encode_blocks(tower, texts, self.subspaces)
        return Patients(texts.targets, blocks, phenotype_labels(states), _coloured(store), recipe.clips_per_study)

    def video_tower(self, store: ClipStore, patients: Patients, config: dict[str, Any], out: Path) -> torch.nn.Module:
        """The trained video encoder."""
        torch.manual_seed(self.args.seed)
        encoder = build_video_encoder(config)
        pixels = input_config(store.recipe.size, store.recipe.frames)
        shown = ClipPictures(PictureStore.beside(store, self.args.clips, pixels))
        first_held, batch = store.done - self.args.held_out, self.args.batch
        clips = ClipBatches(shown, _coloured_twice(store, first_held), batch, self.args.seed)
        held_size = min(batch, self.args.held_out)
        held = ClipBatches(shown, np.arange(first_held, store.done), held_size, varied=False)
        trainer = VideoTowerTrainer(self.subspaces, self.placement, self.args.seed)
        return trainer.train(encoder, patients, clips, held, self.args.seconds, out)


def _coloured(store: ClipStore) -> NDArray[np.bool_]:
    """Whether each clip is of a view with colour."""
    doppler = np.array(["Doppler" in view for view in ECHO_TAXONOMY.views])
    return np.asarray(doppler[store.views()], np.bool_)


def _coloured_twice(store: ClipStore, clips: int) -> NDArray[np.int64]:
    """Numbers of the first so many clips, those with colour twice: each shows the flow at one valve of four."""
    return np.concatenate([np.arange(clips), np.flatnonzero(_coloured(store)[:clips])])


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Trains both as a command line says. Returns the summary."""
    started = time.monotonic()
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    language, store = Language.read(args.phrases), ClipStore.open(args.clips)
    tokenizer = report_tokenizer(language)
    tokenizer.write(out / TOKENIZER_FILE)
    stages = Stages(args, language, tokenizer, choose_placement(args.device))
    tower, scale = stages.text_tower(out / "text")
    save_weights(tower, out / TEXT_FILE)
    load_weights(tower, out / TEXT_FILE)  # clips are trained against what will be shipped
    patients = stages.patients(store, tower, scale)
    print(f"text tower: {time.monotonic() - started:.0f} s; {store.done} clips, {len(patients)} patients", flush=True)
    width = WIDTH * len(ECHO_TAXONOMY.sections)
    config = planar_encoder(store.recipe.size, store.recipe.frames, width)
    save_weights(stages.video_tower(store, patients, config, out), out / VIDEO_FILE)
    described = {
        "video_encoder": {**config, "file": VIDEO_FILE},
        "text_encoder": {**tower.config.model_dump(), "file": TEXT_FILE},
        "section_subspaces": stages.subspaces,
        "embedding_dim": width,
        "preprocessing": input_config(store.recipe.size, store.recipe.frames).model_dump(mode="json"),
    }
    (out / NETWORKS_FILE).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    draw_curve(out / "text")
    draw_curve(out)
    lines = [json.loads(line) for line in (out / LOG).read_text(encoding="utf-8").splitlines()]
    last = [line for line in lines if "held_out_loss" in line][-1:]
    return {"seconds": round(time.monotonic() - started, 1), "clips": store.done, **(last[0] if last else {})}


def main() -> None:
    """Runs the script."""
    args = arguments()
    stop_without("train")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would fight torch's for two cores
    torch.set_num_threads(args.threads)
    print(json.dumps(run(args)))


if __name__ == "__main__":
    main()
