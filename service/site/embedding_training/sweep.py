"""Several sizes for a bounded time each, as a table: which vocabulary, length and depth a site's reports ask for."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from service.site.embedding_training.errors import TooLittle
from service.site.embedding_training.options import Effort, Sizes
from service.site.embedding_training.runs import Material, TrainingRun, train

SWEEP_FILE = "sweep.json"
_COLUMNS = (
    "vocabulary",
    "tokens",
    "length",
    "cut %",
    "layers",
    "parameters",
    "precision",
    "recall",
    "F1",
    "finished %",
)


def choices(vocabularies: Sequence[int], lengths: Sequence[int], layers: Sequence[int], base: Sizes) -> list[Sizes]:
    """Every combination, width and heads as in `base`."""
    return [
        Sizes(vocabulary, length, depth, base.width, base.heads)
        for vocabulary, length, depth in itertools.product(vocabularies, lengths, layers)
    ]


def sweep(material: Material, tried: Sequence[Sizes], effort: Effort, run: TrainingRun) -> list[dict[str, Any]]:
    """Results of all sizes, best F1 of the validation split first; also in `sweep.json`. The test split is not read.

    Raises TooLittle without validation rows.
    """
    if not material.rows["validation"]:
        raise TooLittle("no validation study has a section in wordings: a sweep has nothing to choose by")
    results = []
    for sizes in tried:
        run.observer.say(sizes.name)
        results.append(train(material, sizes, effort, replace(run, out=run.out / sizes.name, measured=("validation",))))
    results.sort(key=f1, reverse=True)
    (run.out / SWEEP_FILE).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results


def f1(result: dict[str, Any]) -> float:
    """Harmonic mean of precision and recall over sentences, 0..1."""
    measures = result["held_out"]["validation"]["as_served"]
    both = measures["precision"] + measures["recall"]
    return float(2 * measures["precision"] * measures["recall"] / both) if both else 0.0


def table_lines(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The results as a Markdown table."""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{'---|' * len(_COLUMNS)}"
    for result in results:
        sizes, measures = result["sizes"], result["held_out"]["validation"]["as_served"]
        shares = [f"{measures['precision']:.3f}", f"{measures['recall']:.3f}", f"{f1(result):.3f}"]
        cells = [
            sizes["vocabulary"],
            sizes["tokens"],
            sizes["max_section_tokens"],
            f"{100 * result['sections_cut']:.1f}",
        ]
        cells += [sizes["layers"], result["parameters"], *shares, f"{100 * measures['finished']:.0f}"]
        yield f"| {' | '.join(map(str, cells))} |"
