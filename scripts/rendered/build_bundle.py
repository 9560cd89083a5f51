"""Makes a bundle of what the training scripts wrote; the same command again, with more parts, replaces it.

    python -m scripts.rendered.build_bundle --encoders FOLDER --views FOLDER [--mil FOLDER] [--decoder FOLDER]
        [--tracer FOLDER] --out FOLDER

Without `--mil` every view counts alike in every section. Thresholds, calibration and out-of-distribution statistics
come from `python -m scripts.rendered.calibrate`.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from model.bundle import BundleManifest, taxonomy_fields, write_bundle
from model.echo.taxonomy import ECHO_TAXONOMY
from model.echo.tracing.build import TRACER
from model.report.decoder.tokenizer import TOKENIZER_FILE
from model.report.writing.build import DECODER_FILE
from scripts.rendered.training.phantom_bank import NOTICE

PHRASES = Path(__file__).parents[2] / "model" / "echo" / "phrases"
VISIBILITY = Path(__file__).parents[2] / "model" / "echo" / "visibility.json"  # written by build_visibility
LANGUAGES = {"de": "de.json"}  # beside `phrases`: tag → file, copied under the same name
NAME = "phantom"
TEXT_TOKENIZER_FILE = "text_tokenizer.json"


def build_bundle(parts: argparse.Namespace, out: Path) -> BundleManifest:
    """Writes the bundle and returns its manifest.

    parts: folders `encoders`, `views`, and `mil`, `decoder` and `tracer`, each a folder or None.
    Raises ValueError when the decoder was made for another dimension.
    """
    building = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    encoders = _json(parts.encoders / "networks.json")
    networks = {name: encoders[name] for name in ("video_encoder", "text_encoder")}
    sources = dict.fromkeys(networks, parts.encoders) | {"view_classifier": parts.views}
    if parts.tracer is not None:
        sources[TRACER] = parts.tracer
    for name, source in sources.items():
        if name not in networks:
            networks[name] = _network_of(source)
        shutil.copyfile(source / networks[name]["file"], building / networks[name]["file"])
    # The decoder has a tokenizer of its own: wordings that were kept out of its training are not in there either.
    networks["text_encoder"]["tokenizer"] = TEXT_TOKENIZER_FILE
    shutil.copyfile(parts.encoders / TOKENIZER_FILE, building / TEXT_TOKENIZER_FILE)
    for source_name, name in (("en.json", "phrases.json"), *((name, name) for name in LANGUAGES.values())):
        shutil.copyfile(PHRASES / source_name, building / name)
    shutil.copyfile(VISIBILITY, building / VISIBILITY.name)
    manifest = BundleManifest(
        name=NAME,
        trained=True,
        domain="synthetic",
        preprocessing=encoders["preprocessing"],
        networks=networks,
        embedding_dim=encoders["embedding_dim"],
        section_subspaces=encoders["section_subspaces"],
        view_weighting="probability",
        decoder=_decoder(parts.decoder, building, encoders["embedding_dim"]),
        phrases="phrases.json",
        languages=LANGUAGES,
        visibility=VISIBILITY.name,
        licence_notice=NOTICE,
        **_mil(parts.mil),
        **taxonomy_fields(ECHO_TAXONOMY),
    )
    final = write_bundle(building, manifest)
    shutil.rmtree(out, ignore_errors=True)
    building.rename(out)
    return final


def _mil(folder: Path | None) -> dict[str, Any]:
    if folder is None:
        even = {section: dict.fromkeys(ECHO_TAXONOMY.views, 1.0) for section in ECHO_TAXONOMY.sections}
        return {"mil_weights": even, "min_section_weight": 0.5}  # any clip gives weight one
    learned = _json(folder / "mil.json")
    return {name: learned[name] for name in ("mil_weights", "min_section_weight")}


def _decoder(folder: Path | None, building: Path, embedding_dim: int) -> dict[str, Any] | None:
    if folder is None:
        return None
    config = _json(folder / "config.json")
    if config["embedding_dim"] != embedding_dim:
        raise ValueError(f"{folder}: reads {config['embedding_dim']} dimensions, the encoders make {embedding_dim}")
    for name in (DECODER_FILE, TOKENIZER_FILE):
        shutil.copyfile(folder / name, building / name)
    return config


def _network_of(folder: Path) -> dict[str, Any]:
    """The network that a training script wrote there."""
    return _json(folder / "network.json")


def _json(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", type=Path, required=True, help="folder of scripts.rendered.train_encoders")
    parser.add_argument("--views", type=Path, required=True, help="folder of scripts.rendered.train_views")
    parser.add_argument("--mil", type=Path, help="folder of scripts.rendered.train_mil")
    parser.add_argument("--decoder", type=Path, help="folder of scripts.rendered.train_decoder")
    parser.add_argument("--tracer", type=Path, help="folder of scripts.rendered.train_tracer")
    parser.add_argument("--out", type=Path, required=True, help="replaced if it is there")
    args = parser.parse_args()
    manifest = build_bundle(args, args.out)
    size = sum(path.stat().st_size for path in args.out.iterdir())
    print(json.dumps({"networks": sorted(manifest.networks), "megabytes": round(size / 1e6, 1)}))


if __name__ == "__main__":
    main()
