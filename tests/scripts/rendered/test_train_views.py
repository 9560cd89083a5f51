"""The view classifier learns, is measured on patients it never saw, and goes on where it was stopped."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from model.echo.networks.view_classifier import build_view_classifier
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered import train_views
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS
from scripts.rendered.train_views import StoredViews, learned_clips, looks_clips
from scripts.rendered.training.clip_store import ABOUT_FILE, DONE_FILE, PIXELS_FILE, ClipStore
from scripts.rendered.views.wide_store import WideStore
from service.site.training import fit

SIZE, FRAMES, CLIPS = 48, 4, 48  # no smaller: the grain of varied pictures has 18 to 56 knots
TINY = {"architecture": "convnext", "stages": [[8, 16, 1], [16, None, 1]]}


class CountedTime:
    """A clock that goes on by a second each time it is read: the same number of steps on every machine."""

    def __init__(self) -> None:
        self._read = 0.0

    def monotonic(self) -> float:
        self._read += 1
        return self._read


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose clips are a colour for each view: learned in seconds. Its plan is the real one."""
    folder = tmp_path_factory.mktemp("store")
    about = {"purpose": "encoder", "clips": CLIPS, "clips_per_study": 2, "size": SIZE, "frames": FRAMES}
    (folder / ABOUT_FILE).write_text(json.dumps(about))
    (folder / DONE_FILE).write_text(f"{CLIPS}\n")
    pixels = np.zeros((CLIPS, FRAMES, SIZE, SIZE, 3), np.uint8)
    np.save(folder / PIXELS_FILE, pixels)
    colours = np.random.default_rng(0).integers(20, 220, (len(ECHO_TAXONOMY.views), 3))
    pixels += colours[ClipStore.open(folder).views()][:, None, None, None].astype(np.uint8)
    np.save(folder / PIXELS_FILE, pixels)
    return folder


def command(store: Path, out: Path, seconds: int) -> list[str]:
    words = f"--clips {store} --out {out} --seconds {seconds} --batch 16 --held-out 10 --looks-clips 0 --threads 1"
    return [*words.split(), "--device", "cpu"]


def test_training_writes_what_a_bundle_needs_and_goes_on(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(train_views.SIZES, "demo", TINY)
    monkeypatch.setattr(fit, "time", CountedTime())
    train_views.main(command(store, tmp_path, 25))
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert first["clips"] <= 10
    assert set(first["by_view"]) == set(ECHO_TAXONOMY.views)
    config = json.loads((tmp_path / "network.json").read_text())
    assert config == {**TINY, "file": "view_classifier.safetensors"}
    assert (tmp_path / "curve.png").stat().st_size > 1000
    train_views.main(command(store, tmp_path, 100))
    second = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert second["steps"] > first["steps"] > 0
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert len(steps) >= 2
    assert steps == sorted(set(steps))  # nothing is done twice
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.8 * losses[0]
    with pytest.raises(ValueError, match="another configuration"):
        train_views.main([*command(store, tmp_path, 100), "--seed", "1"])


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wide pictures of one grey level for each view."""
    folder, kept, clips = tmp_path_factory.mktemp("wide"), WideStore(size=24), 290
    (folder / "about.json").write_text(json.dumps(asdict(kept)))
    levels = np.linspace(30, 240, len(ECHO_TAXONOMY.views)).astype(np.uint8)
    grey = levels[[ECHO_TAXONOMY.views.index(view) for view in kept.views(clips)]]
    pixels = np.zeros((clips, 2, 24, 24, 3), np.uint8) + grey[:, None, None, None, None]
    pixels[:, :, :4, :4, 0] = 0  # a little flow, or no clip of a colour view would be learned from
    np.save(folder / "pictures_0000.npy", pixels)
    return folder


def test_wide_pictures_are_learned_beside_the_clips_from_given_weights(
    store: Path, wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(train_views.SIZES, "demo", TINY)
    monkeypatch.setattr(fit, "time", CountedTime())
    train_views.main(command(store, tmp_path / "first", 4))
    words = ["--wide", str(wide), "--begin-from", str(tmp_path / "first" / "view_classifier.safetensors")]
    train_views.main([*command(store, tmp_path / "second", 4), *words, "--rate", "1e-9"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["wide"]["clips"] == train_views.WIDE_HELD_OUT
    first, second = (load_file(tmp_path / name / "view_classifier.safetensors") for name in ("first", "second"))
    told = "classifier.2.bias"  # the shares of views are told in there
    for name, weight in first.items():  # at such a rate what is begun from is what is written
        if name != told:
            torch.testing.assert_close(second[name], weight, rtol=2e-3, atol=1e-4)
    shift = (second[told] - first[told]).float()
    assert shift[ECHO_TAXONOMY.views.index("A4C")] > shift[ECHO_TAXONOMY.views.index("A5C")] + 0.5


def test_no_patient_is_on_both_sides(store: Path) -> None:
    views = StoredViews.of(ClipStore.open(store), held_out=9)
    assert views.held_out == 38  # ten clips of five patients
    with pytest.raises(ValueError, match="--held-out 48"):
        StoredViews.of(ClipStore.open(store), held_out=48)


def test_clips_of_a_colour_view_without_flow_are_not_learned(store: Path) -> None:
    views = StoredViews.of(ClipStore.open(store), held_out=10)
    coloured = np.zeros((CLIPS, FRAMES), np.bool_)
    grey = learned_clips(views, coloured)
    assert not any("Doppler" in ECHO_TAXONOMY.views[label] for label in views.labels[grey])
    coloured[:, 1] = True
    assert len(learned_clips(views, coloured)) == views.held_out > len(grey) > 0


def test_clips_of_held_out_looks_show_every_view() -> None:
    planned = looks_clips(22)
    assert {clip.acquisition.look for clip in planned} == set(HELD_OUT_LOOKS)
    assert [planned[0].view, planned[11].view] == [ECHO_TAXONOMY.views[0]] * 2


def test_sizes_build() -> None:
    with torch.device("meta"):
        networks = {
            name: build_view_classifier(config, ECHO_TAXONOMY.views) for name, config in train_views.SIZES.items()
        }
    weights = {name: sum(weight.numel() for weight in network.parameters()) for name, network in networks.items()}
    assert weights["demo"] < 2e6
    assert weights["echoprime"] > 8e7
