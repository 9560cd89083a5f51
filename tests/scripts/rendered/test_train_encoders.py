"""Both towers learn, go on where they were stopped, and what they write is a bundle with a bank that finds patients."""

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.bundle import read_bundle
from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.text_encoder.text_encoder import TextEncoder, TextEncoderConfig
from model.section_subspaces import even_subspaces
from scripts.rendered import train_encoders
from scripts.rendered.build_bundle import build_bundle
from scripts.rendered.build_phantom_bank import build_bank, spread_out
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.tensors import ClipFactory
from scripts.rendered.training import text_tower, video_tower
from scripts.rendered.training.clip_store import StoreRecipe, render
from scripts.rendered.training.section_targets import FindingScale
from scripts.rendered.training.section_texts import SectionTexts, encode_blocks, section_block
from service.site.decoder_training.report_tokenizer import report_tokenizer

SUBSPACES = even_subspaces(ECHO_TAXONOMY.sections, 8)


def texts_of(patients: int) -> SectionTexts:
    language = english()
    states = [state_of(10_007, number, "clinical") for number in range(patients)]
    scale = FindingScale.fit(states)
    return SectionTexts.of(states, language, report_tokenizer(language), scale, np.random.default_rng(0))


def test_equal_texts_are_read_once_and_blocks_do_not_depend_on_the_batch() -> None:
    texts = texts_of(24)
    encoder = TextEncoder(TextEncoderConfig(vocabulary=2048, embedding_dim=8 * len(SUBSPACES))).eval()
    blocks = encode_blocks(encoder, texts, SUBSPACES, batch=7)
    for section in ("Left Ventricle", "Right Atrium"):
        tokens, valid, whose = texts.distinct(section, np.arange(24))
        assert len(tokens) == len(set(texts.tokens[section]))
        assert len(whose) == 24
        assert valid.sum(1).tolist() == [len(ids) for ids in dict.fromkeys(texts.tokens[section])]
        with torch.inference_mode():
            alone = [section_block(encoder, texts, section, np.array([row]), SUBSPACES) for row in range(24)]
        torch.testing.assert_close(blocks[section], torch.cat(alone), atol=1e-5, rtol=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoders")
    with ClipFactory(1) as factory:
        list(render(StoreRecipe("encoder", 24, size=32, frames=4), folder / "store", factory))
    with pytest.MonkeyPatch.context() as patch:
        for tower in (text_tower, video_tower):
            patch.setattr(tower, "_LOG_EVERY", 1)
        for seconds in ("2", "4"):  # the second run goes on where the first one ended
            words = ["--clips", str(folder / "store"), "--out", str(folder / "out"), "--text-patients", "60"]
            words += ["--text-seconds", seconds, "--seconds", seconds, "--batch", "8", "--held-out", "8"]
            train_encoders.run(train_encoders.arguments([*words, "--threads", "1", "--device", "cpu"]))
    return folder / "out"


def test_both_trainings_go_on_and_the_loss_of_texts_falls(trained: Path) -> None:
    for log in (trained / "text" / "log.jsonl", trained / "log.jsonl"):
        steps = [json.loads(line)["step"] for line in log.read_text().splitlines()]
        assert steps == sorted(set(steps))
    lines = [json.loads(line) for line in (trained / "text" / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["seconds"] > 1
    assert lines[-1]["contrast"] < lines[0]["contrast"]
    assert (trained / "curve.png").is_file()


def test_parts_become_a_bundle_whose_bank_holds_every_section_apart(trained: Path, tmp_path: Path) -> None:
    views = tmp_path / "views"
    views.mkdir()
    (views / "view_classifier.safetensors").write_bytes(b"weights")
    (views / "network.json").write_text(
        json.dumps({"architecture": "convnext", "stages": [[8, None, 1]], "file": "view_classifier.safetensors"})
    )
    parts = Namespace(encoders=trained, views=views, mil=None, decoder=None, tracer=None)
    manifest = build_bundle(parts, tmp_path / "bundle")
    assert read_bundle(tmp_path / "bundle") == manifest
    assert manifest.trained
    assert manifest.domain == "synthetic"
    bank = build_bank(tmp_path / "bundle", 30, tmp_path / "bank")
    assert bank.candidates == 30
    assert bank.dimension == manifest.embedding_dim
    vectors = np.load(tmp_path / "bank" / "embeddings.npy").astype(np.float32)
    for first, end in manifest.section_subspaces.values():
        np.testing.assert_allclose(np.linalg.norm(vectors[:, first:end], axis=1), 1, atol=2e-3)


def test_a_decoder_of_another_dimension_is_refused(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"embedding_dim": 7}))
    views = tmp_path / "views"
    views.mkdir()
    (views / "w").write_bytes(b"")
    (views / "network.json").write_text(json.dumps({"architecture": "convnext", "file": "w"}))
    with pytest.raises(ValueError, match="7 dimensions"):
        build_bundle(
            Namespace(encoders=trained, views=views, mil=None, decoder=tmp_path, tracer=None), tmp_path / "bundle"
        )
    assert not (tmp_path / "bundle").exists()


def test_spread_vectors_keep_their_norm_and_lose_nothing_that_is_missing() -> None:
    rng = np.random.default_rng(0)
    vectors = np.zeros((200, 8), np.float32)
    vectors[:, 0] = 1
    vectors[100:, 5] = 1
    moved = spread_out(vectors, {"IVC": (0, 4), "Aorta": (4, 8)}, 0.2, rng)
    np.testing.assert_allclose(np.linalg.norm(moved[:, :4], axis=1), 1, rtol=1e-5)
    assert not moved[:100, 4:].any()
    assert len(np.unique(moved[:, 0])) > 190
    assert 0.85 < moved[:, 0].mean() < 0.98  # about 1 / sqrt(1 + 3 * 0.2²)
    np.testing.assert_allclose(spread_out(vectors, {"IVC": (0, 4), "Aorta": (4, 8)}, 0.0, rng), vectors)
