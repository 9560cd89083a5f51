"""Puts a trained tracer into a bundle that is there; nothing else of it changes.

    python -m scripts.rendered.add_tracer --bundle BUNDLE --tracer FOLDER

FOLDER is one that `python -m scripts.rendered.train_tracer` wrote and `calibrate_tracer` judged. A bundle that holds a
tracer already gets the new one.
"""

import argparse
import json
import shutil
from pathlib import Path

from model.bundle import BundleManifest, read_bundle, write_bundle
from model.echo.tracing.build import TRACER
from scripts.rendered.training.study_encoding import NETWORK_FILE


def add_tracer(bundle: Path, tracer: Path) -> BundleManifest:
    """The bundle's new manifest. Raises BundleError where the bundle does not fit its hashes."""
    return with_network(bundle, read_bundle(bundle), TRACER, tracer)


def with_network(bundle: Path, manifest: BundleManifest, name: str, folder: Path) -> BundleManifest:
    """The bundle's new manifest, with the trained network of a folder under that name."""
    network = json.loads((folder / NETWORK_FILE).read_text(encoding="utf-8"))
    shutil.copyfile(folder / network["file"], bundle / network["file"])
    return write_bundle(bundle, manifest.model_copy(update={"networks": {**manifest.networks, name: network}}))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--tracer", type=Path, required=True)
    options = parser.parse_args()
    manifest = add_tracer(options.bundle, options.tracer)
    size = sum(path.stat().st_size for path in options.bundle.iterdir())
    print(json.dumps({"networks": sorted(manifest.networks), "megabytes": round(size / 1e6, 1)}))


if __name__ == "__main__":
    main()
