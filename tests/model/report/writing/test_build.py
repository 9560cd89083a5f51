"""A bundle's decoder is read back as it was written, and refused by name where it does not fit."""

from pathlib import Path
from typing import Any

import pytest

from model.bundle import BundleManifest, taxonomy_fields
from model.errors import BundleCorrupt, BundleMismatch
from model.report.decoder.tokenizer import TOKENIZER_FILE
from model.report.writing.build import DECODER_FILE, build_writer, load_decoder, save_decoder
from tests.model.report.bridge import CPU, DIM, LANGUAGE, TAXONOMY, config, decoder, evidence, read, request, tokenizer


def manifest(**changes: Any) -> BundleManifest:
    fields: dict[str, Any] = {
        "name": "bridge",
        "trained": False,
        "domain": "synthetic",
        "preprocessing": {},
        "networks": {},
        "embedding_dim": DIM,
        "view_weighting": "argmax",
        "min_section_weight": 0.0,
        "mil_weights": {section: dict.fromkeys(TAXONOMY.views, 1.0) for section in TAXONOMY.sections},
        "decoder": config().model_dump(mode="json"),
        "licence_notice": "MIT",
        **taxonomy_fields(TAXONOMY),
    }
    return BundleManifest.model_validate({**fields, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_decoder(tmp_path, decoder(), tokenizer())
    return tmp_path


def test_a_stored_writer_writes(folder: Path) -> None:
    writer = build_writer(manifest(), folder, LANGUAGE, read, CPU)
    report = writer.write(request(evidence={"Deck": (evidence("The deck is sound."),)}))
    assert set(report.sections) == set(TAXONOMY.sections)


def test_weights_survive_the_file(folder: Path) -> None:
    stored = load_decoder(folder, config()).state_dict()
    for name, weight in decoder().state_dict().items():
        assert weight.half().float().equal(stored[name]), "stored as float16"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder": None}, "decoder is null"),
        ({"decoder": {**config().model_dump(), "width": 15}}, "width 15"),
        ({"decoder": {**config().model_dump(), "sections": ["Deck", "Piers", "Railing"]}}, "Railing"),
        ({"decoder": {**config().model_dump(), "embedding_dim": 9}}, "embedding_dim is 9"),
        ({"decoder": {**config().model_dump(), "vocabulary": 7}}, "decoder.vocabulary is 7"),
        ({"decoder": {**config().model_dump(), "layers": 3}}, DECODER_FILE),
    ],
)
def test_a_decoder_that_does_not_fit_is_refused_by_name(folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleMismatch, match=message):
        build_writer(manifest(**changes), folder, LANGUAGE, read, CPU)


@pytest.mark.parametrize("name", [DECODER_FILE, TOKENIZER_FILE])
@pytest.mark.parametrize("content", [None, b"", b"\x80\x04junk"])
def test_a_missing_or_broken_file_is_named(folder: Path, name: str, content: bytes | None) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(BundleCorrupt, match=name):
        build_writer(manifest(), folder, LANGUAGE, read, CPU)
