"""Studies are encoded as the service encodes them, in parts that may be stopped, from pixels that may be kept."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model.bundle import sha256_of
from model.echo.preprocessing.view_frames import view_frames
from model.errors import ClipRejected
from scripts.rendered.embed_studies import VIEWS_FILE, main
from scripts.rendered.phantom.scan.tensors import input_config, input_fan, model_input_batch
from scripts.rendered.training import study_clips, study_encoding
from scripts.rendered.training.encoded_studies import EncodedStudies
from scripts.rendered.training.study_clips import StudyRecipe
from scripts.rendered.training.study_encoding import prepared
from tests.scripts.rendered.small_networks import FRAMES, SIZE, write_networks

RENDER = f"--purpose mil --max-clips 2 --size {SIZE} --frames {FRAMES} --workers 0 --threads 1 --device cpu".split()


@pytest.fixture(autouse=True)
def one_study_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_clips, "STUDIES_AT_ONCE", 1)


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    found: dict[str, float] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_kept_pixels_and_fresh_ones_give_the_same_studies_and_more_may_follow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_encoding, "best_window", lambda *_: 0)  # at 32 pixels no tissue can be told
    encoders, views = write_networks(tmp_path)
    networks = ["--encoders", str(encoders), "--views", str(views)]
    kept, fresh, pixels = str(tmp_path / "kept"), str(tmp_path / "fresh"), str(tmp_path / "pixels")
    main([*RENDER, "--studies", "2", "--pixels", pixels, "--render-only"])
    assert sorted(path.name for path in Path(pixels).glob("*.npy")) == ["0_1.npy", "1_2.npy"]
    main([*RENDER, "--studies", "2", *networks, "--out", fresh])
    found = last_line(capsys)
    monkeypatch.setattr("scripts.rendered.embed_studies.model_input_batch", None)  # nothing is rendered again
    main([*RENDER, "--studies", "1", "--pixels", pixels, *networks, "--out", kept])
    main([*RENDER, "--studies", "2", "--pixels", pixels, *networks, "--out", kept])
    one, two = EncodedStudies.read(Path(fresh)), EncodedStudies.read(Path(kept))
    np.testing.assert_array_equal(one.clip_embeddings, two.clip_embeddings)
    assert (one.seed, len(one), found["clips"]) == (20_000, found["studies"], len(one.clip_embeddings))
    assert one.encoder_sha256 == sha256_of(encoders / "video_encoder.safetensors")
    assert 2 <= found["clips"] <= 4
    assert found["refused"] == 0
    assert len(np.load(Path(fresh) / VIEWS_FILE)) == found["clips"]
    with pytest.raises(ValueError, match="other settings"):
        main([*RENDER, "--studies", "2", "--crop-jitter", "3", "--pixels", pixels, *networks, "--out", kept])


def test_a_clip_is_prepared_as_the_service_prepares_it_and_noise_is_refused() -> None:
    recipe, config, cpu = StudyRecipe("mil", max_clips=1), input_config(112), torch.device("cpu")
    (clip,) = recipe.clips(0)
    pixels = model_input_batch([clip.recipe], 112, window=clip.window)[0]
    ready = prepared(pixels, input_fan(clip.recipe, 112), config, 1, cpu)
    mean, std = (torch.tensor(values).view(3, 1, 1, 1) for values in (config.mean, config.std))
    torch.testing.assert_close(ready.model_input, (torch.from_numpy(pixels).permute(3, 0, 1, 2) - mean) / std)
    assert ready.view_input.equal(ready.model_input[:, view_frames(ready.model_input, config)].transpose(0, 1))
    noise = np.random.default_rng(0).integers(0, 255, pixels.shape, dtype=np.uint8)
    with pytest.raises(ClipRejected):
        prepared(noise, input_fan(clip.recipe, 112), config, 1, cpu)


def test_the_crop_is_off_by_the_jitter_and_the_fan_goes_with_it() -> None:
    exact, off = (StudyRecipe("mil", max_clips=1, crop_jitter_px=pixels).clips(0)[0].recipe for pixels in (0.0, 6.0))
    shown = [model_input_batch([recipe], 112, 2)[0].max(axis=(0, 3)) > 0 for recipe in (exact, off)]
    fans = [input_fan(recipe, 112).mask(112, 112) for recipe in (exact, off)]
    for pixels, fan in zip(shown, fans, strict=True):
        assert (pixels & ~fan).mean() < 0.02  # a rim of averaged pixels
    assert (fans[0] ^ fans[1]).mean() > 0.02


def test_commands_that_lack_a_folder_and_purposes_of_tests_are_refused() -> None:
    for words in (["--studies", "1"], ["--studies", "1", "--render-only"]):
        with pytest.raises(SystemExit):
            main(["--purpose", "mil", *words])
    with pytest.raises(SystemExit):
        main(["--purpose", "test", "--studies", "1", "--pixels", "x", "--render-only"])
