"""A tracer is put into a bundle, and nothing else of it changes."""

import json
from pathlib import Path

from model.bundle import read_bundle
from model.checkpoint import save_weights
from model.device import choose_placement
from model.echo.modality import build_echo
from model.echo.networks.tracer_network import build_tracer_network
from scripts.rendered.add_tracer import add_tracer
from tests.model.echo.small_echo import write_echo_bundle
from tests.model.echo.tracing.test_bundle_tracer import CONFIG


def test_the_bundle_keeps_what_it_was(tmp_path: Path) -> None:
    bundle, tracer = tmp_path / "bundle", tmp_path / "tracer"
    bundle.mkdir()
    tracer.mkdir()
    before = write_echo_bundle(bundle)
    save_weights(build_tracer_network(CONFIG), tracer / "tracer.safetensors")
    (tracer / "network.json").write_text(json.dumps({**CONFIG, "file": "tracer.safetensors"}))
    add_tracer(bundle, tracer)
    after = read_bundle(bundle)
    assert {name: after.files[name] for name in before.files} == before.files
    assert after.encoder_sha256 == before.encoder_sha256
    modality = build_echo(after, bundle, choose_placement("cpu"))
    assert modality.tracer is not None
    assert modality.tracer.size == 32
