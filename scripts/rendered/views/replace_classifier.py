"""Puts a trained view classifier into a bundle that is there; nothing else of it changes.

    python -m scripts.rendered.views.replace_classifier --bundle BUNDLE --views FOLDER

FOLDER is one that `python -m scripts.rendered.train_views` wrote. Embeddings of clips stay as they were, so the bank
fits; a study's vector and all that was set on studies (MIL weights, thresholds, calibration, limits of unlike clips)
saw the probabilities of the classifier before: calibrate and evaluate again.
"""

import argparse
import json
from pathlib import Path

from model.bundle import BundleManifest, read_bundle
from model.checkpoint import load_weights
from model.echo.networks.view_classifier import build_view_classifier
from scripts.rendered.add_tracer import with_network
from scripts.rendered.training.study_encoding import NETWORK_FILE

CLASSIFIER = "view_classifier"


def replace_classifier(bundle: Path, views: Path) -> BundleManifest:
    """The bundle's new manifest. Raises BundleError where the bundle does not fit its hashes, or weights do not fit."""
    manifest = read_bundle(bundle)
    network = json.loads((views / NETWORK_FILE).read_text(encoding="utf-8"))
    load_weights(build_view_classifier(network, manifest.views), views / network["file"])
    (bundle / manifest.networks[CLASSIFIER]["file"]).unlink()
    return with_network(bundle, manifest, CLASSIFIER, views)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--views", type=Path, required=True)
    options = parser.parse_args()
    manifest = replace_classifier(options.bundle, options.views)
    print(json.dumps({CLASSIFIER: manifest.networks[CLASSIFIER]}))


if __name__ == "__main__":
    main()
