"""Networks of other dimensions and views become bundles that serve, but not with a bank of another encoder."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from index.building.bank_writer import BankDescription, BankWriter
from index.errors import BankError
from index.phrase_table import PhraseRow, PhraseTable
from model.bundle import read_bundle
from model.device import choose_placement
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.taxonomy import SECTIONS
from service.artifacts import ArtifactPaths, load_pipeline
from service.modalities.echo.warm_up import warm_up_clips
from service.run_options import RunOptions
from service.site.echoprime.errors import ReleaseError
from service.site.weights.description import WeightsDescription
from service.site.weights.importing import import_weights
from service.site.weights.shapes import convnext_of
from tests.model.echo.small_echo import VIDEO_ENCODER, VIEW_CLASSIFIER
from tests.service.cli.command_line import run

VIEWS = tuple(f"view_{number:02d}" for number in range(58))
DIMENSION = 40
ENCODER = {**VIDEO_ENCODER, "embedding_dim": DIMENSION}


def description(**changes: Any) -> dict[str, Any]:
    blocks = {name: value for name, value in ENCODER.items() if name != "embedding_dim"}
    return {
        "name": "our lab",
        "licence_notice": "ours",
        "views": VIEWS,
        "video_encoder": blocks,
        "profile": "echoscribe",
        "preprocessing": {"image_size": 32, "frames": 8, "stride": 4, "quality": None},
        **changes,
    }


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder with both state dicts, the MIL table and the description."""
    torch.manual_seed(0)
    encoder = build_video_encoder(ENCODER)
    torch.save({"state_dict": {f"module.{n}": t for n, t in encoder.state_dict().items()}}, tmp_path / "encoder.pt")
    save_file(build_view_classifier(VIEW_CLASSIFIER, VIEWS).state_dict(), tmp_path / "views.safetensors")
    columns = tuple(reversed(VIEWS))  # matched by name
    rows = [",".join(["Section", *columns])] + [",".join([s, *["1"] * 58]) for s in reversed(SECTIONS)]
    (tmp_path / "mil.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "lab.json").write_text(json.dumps(description()))
    return tmp_path


def imported(lab: Path, **changes: Any) -> Path:
    said = WeightsDescription.model_validate(description(**changes))
    import_weights(lab / "encoder.pt", lab / "views.safetensors", lab / "mil.csv", said, lab / "bundle")
    return lab / "bundle"


def write_bank(folder: Path, encoder_sha256: str, dimension: int = DIMENSION) -> Path:
    phrases = PhraseTable((PhraseRow(0, "Left Ventricle", "size", "Normal size.", "Normal size.", None),))
    with BankWriter(folder, phrases, SECTIONS, dimension) as writer:
        writer.add_embeddings(np.eye(3, dimension, dtype=np.float32))
        for _ in range(3):
            writer.add_report({"Left Ventricle": [(0, None)]})
        writer.finish(
            BankDescription(
                name="own", encoder_sha256=encoder_sha256, trained=True, domain="clinical", licence_notice="ours"
            )
        )
    return folder


def test_58_views_and_another_dimension_serve(lab: Path) -> None:
    bundle = imported(lab)
    manifest = read_bundle(bundle)
    assert (manifest.embedding_dim, manifest.views, manifest.trained) == (DIMENSION, VIEWS, True)
    assert manifest.networks["view_classifier"]["stages"] == VIEW_CLASSIFIER["stages"]
    assert manifest.preprocessing["image_size"] == 32
    bank = write_bank(lab / "bank", manifest.files["video_encoder.safetensors"])
    pipeline = load_pipeline(ArtifactPaths(bundle, bank), choose_placement("cpu"))
    answer = pipeline.run(warm_up_clips(), RunOptions(neighbours=3))
    assert answer.clips[0].view in VIEWS
    assert answer.sections[0].assessed


def test_a_bank_of_another_encoder_is_refused(lab: Path) -> None:
    bundle, bank = imported(lab), write_bank(lab / "bank", "0" * 64)
    with pytest.raises(BankError, match="a bank serves the encoder that embedded it"):
        load_pipeline(ArtifactPaths(bundle, bank), choose_placement("cpu"))


@pytest.mark.parametrize(
    "stages",
    [[[96, 3], [192, 3], [384, 9], [768, 3]], [[128, 3], [256, 3], [512, 27], [1024, 3]]],
    ids=["tiny", "base"],
)
def test_a_torchvision_convnext_is_recognised_whole(stages: list[list[int]]) -> None:
    with torch.device("meta"):
        after = [*(w for w, _ in stages[1:]), None]
        config = {"architecture": "convnext", "stages": [[w, a, n] for (w, n), a in zip(stages, after, strict=True)]}
        weights = build_view_classifier(config, VIEWS).state_dict()
    assert convnext_of(weights, 58, Path("v.pt")) == config


def test_what_does_not_fit_is_refused_by_name_and_leaves_nothing(lab: Path) -> None:
    before = {path.name for path in lab.iterdir()}
    with pytest.raises(ReleaseError, match=r"views\.safetensors: tells 58 views apart, 57 are named"):
        imported(lab, views=VIEWS[:57])
    with pytest.raises(ReleaseError, match=r"mil\.csv: has no column \['other'\]"):
        imported(lab, views=(*VIEWS[:57], "other"))
    with pytest.raises(ReleaseError, match="embeds in 40 dimensions, embedding_dim says 512"):
        imported(lab, video_encoder=ENCODER | {"embedding_dim": 512})
    with pytest.raises(ReleaseError, match=r"encoder\.pt: lacks the tensors"):
        imported(lab, video_encoder={})
    with pytest.raises(ReleaseError, match="no network can be built"):
        imported(lab, video_encoder={"architecture": "mvit"})
    assert {path.name for path in lab.iterdir()} == before


def test_values_that_are_none_are_refused_in_the_file_that_holds_them(lab: Path) -> None:
    broken = build_video_encoder(ENCODER)
    next(iter(broken.parameters())).data.fill_(torch.nan)
    torch.save(broken.state_dict(), lab / "encoder.pt")
    with pytest.raises(ReleaseError, match=r"encoder\.pt: 1 tensors hold values that are not finite, first '"):
        imported(lab)
    torch.save(build_video_encoder(ENCODER).state_dict(), lab / "encoder.pt")
    rows = (lab / "mil.csv").read_text().splitlines()
    for changed, message in (
        ([*rows, rows[1]], "has two rows for"),
        ([*rows[:-1], rows[-1][:-2]], rf"line {len(rows)} has another number of cells"),
        ([*rows[:-1], rows[-1][:-1] + "x"], "x"),
        ([*rows[:-1], rows[-1][:-1] + "nan"], "nan"),
    ):
        (lab / "mil.csv").write_text("\n".join(changed) + "\n")
        with pytest.raises(ReleaseError, match=rf"mil\.csv: .*{message}"):
            imported(lab)
    (lab / "mil.csv").write_bytes(b"Section,\xff\n")
    with pytest.raises(ReleaseError, match=r"mil\.csv: cannot be read as UTF-8"):
        imported(lab)


def test_a_pickle_that_would_run_code_is_refused(lab: Path) -> None:
    class Planted:
        def __reduce__(self) -> tuple[Any, ...]:
            return (lab.joinpath("ran").touch, ())

    (lab / "encoder.pt").write_bytes(pickle.dumps(Planted(), 2))
    with pytest.raises(ReleaseError, match="tensors only"):
        imported(lab)
    assert not (lab / "ran").exists()
    torch.save(nn.Linear(2, 2).state_dict(), lab / "encoder.pt")
    with pytest.raises(ReleaseError, match="no torchvision MViT"):
        imported(lab)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"views": []}, "views"),
        ({"thresholds": {"nothing": 0.5}}, "unknown phenotypes"),
        ({"preprocessing": {"image_size": 3}}, "image_size"),
        ({"profile": "other"}, "profile"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_description_that_is_wrong_names_its_field(lab: Path, change: dict[str, Any], message: str) -> None:
    (lab / "lab.json").write_text(json.dumps(description(**change)))
    with pytest.raises(ValueError, match=rf"lab\.json: .*{message}"):
        WeightsDescription.read(lab / "lab.json")


def test_the_command_line_says_what_it_made(
    lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {
        "--video-encoder": "encoder.pt",
        "--view-classifier": "views.safetensors",
        "--mil": "mil.csv",
        "--description": "lab.json",
        "--out": "bundle",
    }
    command = ("import", "weights", *(part for name, file in options.items() for part in (name, lab / file)))
    assert run(monkeypatch, *command) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["dimension"] == DIMENSION
    assert run(monkeypatch, *command) == 2
    assert "exists already" in capsys.readouterr().err
