"""Which vectors retrieve better from a bank: those of the candidates' reports, or those of their rendered clips.

    python -m scripts.rendered.compare_bank_vectors --bundle FOLDER --candidates EMBEDDED --queries EMBEDDED
        [--neighbours 20]

Both folders are of `python -m scripts.rendered.embed_studies`, of different purposes. The same candidates vote in both
cases.
The last line is one JSON object: per kind of vector the mean AUROC of the binary phenotypes and R² of the numbers.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.bundle import BundleManifest, read_bundle
from model.pooling import MilTable, pool_sections
from model.report.language.language import Language
from model.report.text_encoder.section_vectors import section_vectors
from model.report.text_encoder.text_encoder import open_text_encoder
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.report import report_of, text_of
from scripts.rendered.training.encoded_studies import EmbeddedStudies
from scripts.rendered.training.phantom_rows import wording_stream
from service.site.metrics.auroc import auroc
from service.site.metrics.regression import r_squared

Sections = Mapping[str, NDArray[np.float32]]  # section → (N, D), zero where it is not assessed


def clip_vectors(studies: EmbeddedStudies, manifest: BundleManifest) -> Sections:
    """Section vectors of encoded studies, as the service pools them."""
    table = MilTable.from_mapping(manifest.mil_weights, manifest.sections, manifest.views)
    options = manifest.view_weighting, manifest.min_section_weight, manifest.section_subspaces
    pooled = [pool_sections(studies.embedding(row), table, *options).vectors.numpy() for row in range(len(studies))]
    stacked = np.stack(pooled)
    return {section: stacked[:, row] for row, section in enumerate(manifest.sections)}


def report_vectors(studies: EmbeddedStudies, manifest: BundleManifest, bundle: Path) -> Sections:
    """Section vectors of the same studies' reports."""
    language = Language.read(bundle / str(manifest.phrases))
    texts = []
    for row in range(len(studies)):
        report = report_of(studies.state(row), language, wording_stream(studies.seed, int(studies.studies[row])))
        texts.append({name: " ".join(text_of(said, language) for said in section) for name, section in report.items()})
    encode = open_text_encoder(bundle, manifest)
    vectors = section_vectors(encode, texts, manifest.section_subspaces, manifest.embedding_dim)
    return dict.fromkeys(manifest.sections, vectors)


def votes_against_truth(
    candidates: tuple[EmbeddedStudies, Sections], queries: tuple[EmbeddedStudies, Sections], manifest: BundleManifest,
    neighbours: int,
) -> dict[str, float]:  # fmt: skip
    """Mean AUROC of the votes over binary phenotypes, and R² of each number."""
    known = [labels_of(candidates[0].state(row)) for row in range(len(candidates[0]))]
    truth = [labels_of(queries[0].state(row)) for row in range(len(queries[0]))]
    areas, figures = [], {}
    for phenotype in manifest.taxonomy().phenotypes:
        asked, stored = queries[1][phenotype.section], candidates[1][phenotype.section]
        assessed = np.abs(asked).sum(1) > 0
        nearest = np.argsort(-(asked[assessed] @ stored.T), axis=1)[:, :neighbours]
        vote = np.array([row[phenotype.name] for row in known])[nearest].mean(1)
        labels = np.array([row[phenotype.name] for row in truth])[assessed]
        if phenotype.kind == "continuous":
            figures[f"r2_{phenotype.name}"] = round(float(r_squared(labels, vote)), 4)
        elif 0 < labels.sum() < len(labels):
            areas.append(float(auroc(labels > 0, vote)))
    return {"mean_auroc": round(float(np.mean(areas)), 4), "phenotypes": len(areas), **figures}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--candidates", type=Path, required=True, help="encoded studies that vote")
    parser.add_argument("--queries", type=Path, required=True, help="encoded studies that ask")
    parser.add_argument("--neighbours", type=int, default=20, help="fewer than the service's 50: the bank is small")
    args = parser.parse_args()
    manifest = read_bundle(args.bundle)
    candidates, queries = EmbeddedStudies.read(args.candidates), EmbeddedStudies.read(args.queries)
    if candidates.seed == queries.seed:
        raise SystemExit(f"candidates and queries are both of seed {queries.seed}: a study would find itself")
    asking = queries, clip_vectors(queries, manifest)
    kinds = {
        "reports": report_vectors(candidates, manifest, args.bundle),
        "clips": clip_vectors(candidates, manifest),
    }
    found = {
        kind: votes_against_truth((candidates, vectors), asking, manifest, args.neighbours)
        for kind, vectors in kinds.items()
    }
    print(json.dumps({"candidates": len(candidates), "queries": len(queries), **found}))


if __name__ == "__main__":
    main()
