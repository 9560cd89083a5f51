"""Makes a synthetic release in the layout of EchoPrime's, of any size: our own phrases, seeded weights.

    python -m scripts.reference.make_echoprime_release --candidates 5000 --seed 0 --out R [--no-text-encoder]
    python -m scripts.reference.make_echoprime_release --informative --candidates 200000 --out R [--phrases F]

For tests, benchmarks and demonstrations of `echoscribe import echoprime` without any asset of EchoPrime. A file,
`R/SYNTHETIC.json`, says what it is; the importer then marks bundle and bank as untrained and synthetic. Memory does not
grow with the size.

With `--informative` the vectors carry what the reports say, and `R/studies` holds encoded studies of further patients
with their truth, in three parts, to train on and to be judged by; their clips lie across a gap from the candidates.
"""

import argparse
import csv
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference.release.candidate_vectors import CandidateVectors
from scripts.reference.release.informative_release import STUDIES_OF_PART, InformativeRelease
from scripts.reference.release.informative_vectors import Sizes
from scripts.reference.release.synthetic_candidates import write_candidates, write_section_to_phenotypes
from scripts.reference.release.synthetic_phrases import SyntheticPhrases, label_sources, phrases_of
from scripts.reference.release.synthetic_reports import POOL, generate_pool
from scripts.reference.release.synthetic_weights import write_weights
from service.site.echoprime.layout import ASSETS, CANDIDATES, SYNTHETIC_MARK, WEIGHTS

_MADE_BY = "scripts.reference.make_echoprime_release"


def make_release(
    out: Path, candidates: int, seed: int, *, text_encoder: bool = True, informative: InformativeRelease | None = None
) -> None:
    """Writes a release of that many candidates into a new folder.

    Raises FileExistsError when it exists, ValueError for a phrase file that cannot be read.
    """
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {text}", flush=True)

    out.mkdir(parents=True)
    about: dict[str, object] = {"made_by": _MADE_BY, "candidates": candidates, "seed": seed}
    about |= {} if informative is None else informative.about()
    (out / SYNTHETIC_MARK).write_text(json.dumps(about) + "\n", encoding="utf-8")
    say("weights")
    write_weights(out / WEIGHTS, seed, text_encoder=text_encoder)
    if informative is None:
        _write_drawn(out, candidates, seed, say)
    else:
        informative.write(out, say)
        _write_thresholds(out / ASSETS / "roc_thresholds.csv", seed)
    say(f"done: {candidates} candidates in {out}")


def _write_drawn(out: Path, candidates: int, seed: int, say: Callable[[str], None]) -> None:
    """Assets and candidates whose vectors are drawn without regard to their reports."""
    phrases = phrases_of(english())
    say("assets")
    _write_assets(out / ASSETS, phrases, seed)
    say("patients")
    reports = generate_pool(english(), phrases, seed, min(POOL, max(candidates, 1)))
    write_candidates(out / CANDIDATES, reports, CandidateVectors(seed), candidates, say)


def _write_assets(folder: Path, phrases: SyntheticPhrases, seed: int) -> None:
    """Writes the tables of a release."""
    folder.mkdir()
    (folder / "all_phr.json").write_text(json.dumps(phrases.groups, indent=1, ensure_ascii=False), encoding="utf-8")
    (folder / "per_section.json").write_text(json.dumps(label_sources(english()), indent=1), encoding="utf-8")
    write_section_to_phenotypes(folder / "section_to_phenotypes.pkl")
    _write_mil_weights(folder / "MIL_weights.csv", seed)
    _write_thresholds(folder / "roc_thresholds.csv", seed)


def _write_mil_weights(path: Path, seed: int) -> None:
    """Weights in 0..1 with a largest of 1 in each section.

    None is zero: an untrained classifier sees one view in all clips, and a zero there would leave the section unread.
    """
    rng = np.random.default_rng([seed, 5])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Section", *ECHO_TAXONOMY.views])
        for section in ECHO_TAXONOMY.sections:
            weights = rng.uniform(0.01, 1.0, len(ECHO_TAXONOMY.views))
            weights[rng.integers(len(weights))] = 1.0
            writer.writerow([section, *(f"{weight:.8g}" for weight in weights)])


def _write_thresholds(path: Path, seed: int) -> None:
    """Thresholds of two thirds of the binary phenotypes, one that no mean can reach, and one of no phenotype."""
    rng = np.random.default_rng([seed, 6])
    binary = [phenotype.name for phenotype in ECHO_TAXONOMY.phenotypes if phenotype.kind == "binary"]
    rows = [(name, round(float(rng.uniform(0.04, 0.8)), 2)) for name in binary if rng.random() < 2 / 3]
    rows += [(binary[0], 1.06)] if binary[0] not in dict(rows) else []
    rows += [("left_ventricular_mass", 0.5)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "feature", "threshold"])
        writer.writerows([position, *row] for position, row in enumerate(rows))


def main() -> int:
    """Reads the command line and makes a release. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, required=True, help="candidate studies; the real release: 1230676")
    parser.add_argument("--seed", type=int, default=0, help="of weights, patients and vectors")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--no-text-encoder", action="store_true", help="leave out the text encoder (440 MB)")
    _add_informative(parser.add_argument_group("informative releases"))
    arguments = parser.parse_args()
    if arguments.candidates < 1:
        parser.error(f"--candidates must be at least 1, not {arguments.candidates}")
    if arguments.phrases and not arguments.informative:
        parser.error("--phrases belongs to --informative")
    informative = _informative(arguments) if arguments.informative else None
    try:
        make_release(
            arguments.out,
            arguments.candidates,
            arguments.seed,
            text_encoder=not arguments.no_text_encoder,
            informative=informative,
        )
    except (FileExistsError, ValueError) as error:
        text = f"{error.filename} exists already" if isinstance(error, FileExistsError) else str(error)
        print(f"make_echoprime_release: {text}", file=sys.stderr)
        return 1
    return 0


def _add_informative(group: argparse._ArgumentGroup) -> None:
    sizes = Sizes()
    group.add_argument("--informative", action="store_true", help="vectors carry what the reports say")
    group.add_argument("--phrases", type=Path, help="phrase file in the form of all_phr.json; default: our own")
    group.add_argument("--text-noise", type=float, default=sizes.text_noise, help="length against what is carried")
    group.add_argument("--clip-noise", type=float, default=sizes.clip_noise, help="the same for a clip's vector")
    group.add_argument("--gap-degrees", type=float, default=sizes.gap_degrees, help="turn of the clips' vectors")
    group.add_argument("--gap-offset", type=float, default=sizes.gap_offset, help="length of the clips' common offset")
    for part, count in STUDIES_OF_PART.items():
        group.add_argument(f"--{part}-studies", type=int, default=count, help=f"encoded studies of the {part} part")
    group.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that invent patients")


def _informative(arguments: argparse.Namespace) -> InformativeRelease:
    return InformativeRelease(
        candidates=arguments.candidates,
        seed=arguments.seed,
        sizes=Sizes(**{name: getattr(arguments, name) for name in Sizes.__dataclass_fields__}),
        phrases=arguments.phrases,
        studies={part: getattr(arguments, f"{part}_studies") for part in STUDIES_OF_PART},
        workers=arguments.workers,
    )


if __name__ == "__main__":
    sys.exit(main())
