"""The table that is written fits a bundle, and is made only from vectors of the encoder it will serve with."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model.bundle import sha256_of
from model.checkpoint import save_weights
from model.echo.phrases.reader import ENGLISH_FILE
from model.echo.taxonomy import SECTIONS, VIEWS
from model.pooling import MilTable
from model.report.language.language import Language
from model.report.text_encoder.text_encoder import TextEncoderConfig, build_text_encoder
from scripts.rendered.train_mil import main
from scripts.rendered.training.encoded_studies import EncodedStudies
from service.site.decoder_training.report_tokenizer import report_tokenizer
from tests.scripts.rendered.small_networks import DIMENSION, write_networks

STUDIES, CLIPS = 40, 3


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Encoders with a text tower, and studies of noise."""
    encoders, _ = write_networks(tmp_path)
    tokenizer = report_tokenizer(Language.read(ENGLISH_FILE))
    tokenizer.write(encoders / "tokenizer.json")
    config = TextEncoderConfig(vocabulary=tokenizer.size, embedding_dim=DIMENSION, layers=1, heads=1, width=16)
    save_weights(build_text_encoder(config), encoders / "text_encoder.safetensors")
    stated = json.loads((encoders / "networks.json").read_text())
    stated["text_encoder"] = {**config.model_dump(), "file": "text_encoder.safetensors"}
    (encoders / "networks.json").write_text(json.dumps(stated))
    rng, embedded = np.random.default_rng(0), tmp_path / "embedded"
    write_studies(embedded, sha256_of(encoders / "video_encoder.safetensors"))
    np.save(embedded / "rendered_views.npy", rng.integers(0, len(VIEWS), STUDIES * CLIPS))
    return encoders, embedded


def write_studies(folder: Path, encoder_sha256: str) -> None:
    rng = np.random.default_rng(1)
    EncodedStudies(
        seed=20_000,
        prior="independent",
        views=VIEWS,
        encoder_sha256=encoder_sha256,
        studies=np.arange(STUDIES),
        offsets=np.arange(0, STUDIES * CLIPS + 1, CLIPS),
        clip_embeddings=rng.standard_normal((STUDIES * CLIPS, DIMENSION)).astype(np.float32),
        view_probabilities=rng.dirichlet(np.full(len(VIEWS), 0.1), STUDIES * CLIPS).astype(np.float32),
    ).write(folder)


def test_what_is_written_is_a_table_for_a_bundle(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoders, embedded = folders
    words = ["--embedded", str(embedded), "--encoders", str(encoders), "--threads", "1"]
    main([*words, "--out", str(tmp_path / "mil"), "--steps", "20"])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    made = json.loads((tmp_path / "mil" / "mil.json").read_text())
    table = MilTable.from_mapping(made["mil_weights"], SECTIONS, VIEWS).weights
    assert table.amax(dim=1).tolist() == [1.0] * len(SECTIONS)
    assert ((table == 0) | (table >= 0.25)).all()
    assert last["min_section_weight"] == made["min_section_weight"] > 0
    assert set(made["measured"]["held_out_loss"]) >= {"learned", "uniform", "heaviest_view_alone"}
    assert torch.isfinite(torch.tensor([*made["measured"]["held_out_loss"].values()])).all()
    assert (tmp_path / "mil" / "table.md").read_text().count("\n") == len(SECTIONS) + 2
    write_studies(embedded, "0" * 64)
    with pytest.raises(ValueError, match="another video encoder"):
        main([*words, "--out", str(tmp_path / "mil")])
