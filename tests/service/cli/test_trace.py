"""`echoscribe trace` outlines a clip, writes a video and a picture, and says why where it cannot."""

import json
from pathlib import Path

import av
import cv2
import pytest

from scripts.sample_study import write_sample_study
from tests.model.echo.small_echo import write_echo_bundle
from tests.model.echo.tracing.test_bundle_tracer import with_tracer
from tests.service.cli.command_line import run


def test_a_clip_is_drawn_frame_by_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    with_tracer(bundle)
    clip = next(path for path in write_sample_study(tmp_path) if path.suffix == ".dcm")
    video, picture = tmp_path / "trace.mp4", tmp_path / "trace.png"
    words = ("trace", clip, "--bundle", bundle, "--view", "A4C", "--out", video, "--png", picture)
    assert run(monkeypatch, *words) == 0
    assert "30 frames" in capsys.readouterr().err
    with av.open(str(video)) as container:
        assert len(list(container.decode(video=0))) == 30
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    assert drawn.shape[1] == 4 * 480


def test_a_bundle_without_a_tracer_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    write_echo_bundle(bundle)
    clip = write_sample_study(tmp_path)[0]
    assert run(monkeypatch, "trace", clip, "--bundle", bundle) == 2
    assert "has no tracer" in capsys.readouterr().err


def test_a_view_that_there_is_not_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    manifest = with_tracer(bundle)
    clip = write_sample_study(tmp_path)[0]
    assert run(monkeypatch, "trace", clip, "--bundle", bundle, "--view", "A9C") == 2
    said = capsys.readouterr().err
    assert "A4C" in said
    assert json.dumps(manifest.name)[1:-1] not in said
