"""Several sizes of a bank's decoder, trained for the same time: which vocabulary, length and depth the bank asks for.

Compared by bits per byte, which does not depend on the vocabulary, on held-out patients that no evaluation is made of.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.site.bank_training.options import BankTrainingOptions
from service.site.bank_training.stages import measure_size
from service.site.observer import QUIET, Observer

SWEEP_FILE = "sweep.json"
_COLUMNS = ("tokens", "section_tokens", "layers", "parameters", "steps", "text_tokens_per_second")


@dataclass(frozen=True, kw_only=True)
class SweptSizes:
    """Sizes that are tried, in every combination; 0 as in BankTrainingOptions."""

    vocabularies: tuple[int, ...] = (512, 2048)
    section_tokens: tuple[int, ...] = (0,)
    layers: tuple[int, ...] = (2, 4)


def sweep(options: BankTrainingOptions, tried: SweptSizes, observer: Observer = QUIET) -> list[dict[str, Any]]:
    """Results of all sizes, fewest bits first, also in `sweep.json` of the folder `out`. A finished size is kept.

    Raises as `train_on_bank`.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    results = []
    for sizes in itertools.product(tried.vocabularies, tried.section_tokens, tried.layers):
        name = "vocabulary-{}_length-{}_layers-{}".format(*sizes)
        kept = options.out / f"{name}.json"
        if not kept.is_file():
            observer.say(name)
            vocabulary, section_tokens, layers = sizes
            sized = replace(options, vocabulary=vocabulary, section_tokens=section_tokens, layers=layers)
            found = measure_size(replace(sized, out=options.out / name), observer)
            kept.write_text(json.dumps({"vocabulary": vocabulary, **found}) + "\n", encoding="utf-8")
        results.append(json.loads(kept.read_text(encoding="utf-8")))
    results.sort(key=lambda result: result["bits_per_byte"]["all"])
    (options.out / SWEEP_FILE).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results


def table_lines(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The results as a Markdown table."""
    yield f"| vocabulary | {' | '.join(name.replace('_', ' ') for name in _COLUMNS)} | bits per byte |"
    yield "|---" * (len(_COLUMNS) + 2) + "|"
    for result in results:
        cells = [result["vocabulary"], *(result[name] for name in _COLUMNS), f"{result['bits_per_byte']['all']:.3f}"]
        yield f"| {' | '.join(map(str, cells))} |"
