"""What retrieval alone tells of encoded studies: AUROC or correlation of the vote with the truth, by phenotype.

    python -m scripts.reference.retrieval_alone --bundle B/bundle --bank B/bank --studies R/studies/test [--limit 300]

Pool, search and vote are the service's own. Clips pass no network: their vectors come from the folder.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.training.retrieved_rows import open_without_networks
from service.artifacts import ArtifactPaths
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.site.encoded_folder import EncodedFolder
from service.site.metrics.auroc import auroc


def votes_of(pipeline: ReportPipeline, studies: EncodedFolder, limit: int) -> dict[str, list[float]]:
    """Phenotype → the vote for each of the first studies, NaN where there is none."""
    found: dict[str, list[float]] = {name: [] for name in ECHO_TAXONOMY.phenotype_names}
    for row in range(min(limit, len(studies))):
        embedding = studies.embedding(row)
        retrieval = pipeline.retrieve(pipeline.pool(embedding), RunOptions())
        for name, vote in pipeline.vote(retrieval, embedding).items():
            found[name].append(np.nan if vote.value is None else vote.value)
    return found


def scores_of(votes: Mapping[str, list[float]], studies: EncodedFolder) -> dict[str, float]:
    """Phenotype → AUROC of the vote (binary) or its correlation with the truth; studies without either are left out."""
    scores = {}
    for name, given in votes.items():
        vote, truth = np.array(given), studies.labels[name][: len(given)]
        known = np.isfinite(vote) & np.isfinite(truth)
        vote, truth = vote[known], truth[known]
        if len(truth) < 2 or np.ptp(truth) == 0:
            continue
        binary = ECHO_TAXONOMY.phenotype(name).kind == "binary"
        scores[name] = float(auroc(truth == 1, vote) if binary else np.corrcoef(truth, vote)[0, 1])
    return scores


def main() -> int:
    """Prints the scores and the mean AUROC of the binary phenotypes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="the imported bundle")
    parser.add_argument("--bank", type=Path, required=True, help="the imported bank")
    parser.add_argument("--studies", type=Path, required=True, help="encoded studies with their labels")
    parser.add_argument("--limit", type=int, default=10**9, help="of studies")
    arguments = parser.parse_args()
    studies = EncodedFolder.read(arguments.studies)
    pipeline = open_without_networks(ArtifactPaths(arguments.bundle, arguments.bank))
    scores = scores_of(votes_of(pipeline, studies, arguments.limit), studies)
    binary = [score for name, score in scores.items() if ECHO_TAXONOMY.phenotype(name).kind == "binary"]
    rounded = {name: round(score, 3) for name, score in scores.items()}
    print(json.dumps({"mean_auroc": round(float(np.mean(binary)), 3), "scores": rounded}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
