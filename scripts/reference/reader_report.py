"""How well the reader of echo sentences reads a gold file, as a table.

    python -m scripts.reference.reader_report FILE [--failures]

FILE: JSON with `sentences`, each with `text`, `findings` (the main one first), `labels` and `straddling`. A main
finding is right when a finding of the same entity, polarity, certainty, time, value and number is read.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from model.echo.language.reader import echo_grammar
from model.report.clinical_text.stated import SentenceMeaning

_TOLERANCE = 1e-6
_OPPOSITE = {"positive": "negative", "negative": "positive"}
_NUMBERS = {"EF": "ejection_fraction", "pressure": "pulmonary_artery_pressure_continuous"}
# label, figure, bar, whether the figure must reach it or stay under it
_BARS = (
    ("main finding right, sentences that bear on the phenotypes", "bearing", 0.85, True),
    ("main finding right, all sentences with meaning", "meaningful", 0.65, True),
    ("wrong polarity among read findings", "wrong_polarity", 0.005, False),
    ("labels: precision", "precision", 0.97, True),
    ("labels: recall", "recall", 0.85, True),
    ("EF read where stated", "EF", 0.97, True),
    ("pressure read where stated", "pressure", 0.90, True),
    ("sentences per second and core", "per_second", 3000.0, True),
)


def figures(sentences: Sequence[Mapping[str, Any]], read: Sequence[SentenceMeaning]) -> dict[str, float | None]:
    """The figures of the table; None where the file has no sentence for one."""
    counts: Counter[str] = Counter()
    for sentence, meaning in zip(sentences, read, strict=True):
        if sentence["findings"]:
            right = main_right(sentence, meaning)
            bears = any(label is not None for label in sentence["labels"].values()) or bool(sentence["straddling"])
            counts.update(
                {"meaningful": 1, "meaningful right": right, "bearing": bears, "bearing right": bears and right}
            )
        counts.update(_polarities(sentence, meaning))
        counts.update(_labels(sentence, meaning))
    return {
        "bearing": _share(counts, "bearing right", "bearing"),
        "meaningful": _share(counts, "meaningful right", "meaningful"),
        "wrong_polarity": _share(counts, "wrong", "compared"),
        "precision": _share(counts, "label right", "label read"),
        "recall": _share(counts, "label right", "label stated"),
        **{name: _share(counts, f"{name} right", name) for name in _NUMBERS},
    }


def main_right(sentence: Mapping[str, Any], meaning: SentenceMeaning) -> bool:
    """Whether the main finding was read."""
    gold = sentence["findings"][0]
    names = ("entity", "polarity", "certainty", "time", "value")
    return any(
        all(found[name] == gold[name] for name in names) and same_number(found["number"], gold["number"])
        for found in meaning.fields()["findings"]
    )


def same_number(found: Any, gold: Any) -> bool:
    """Whether two stated numbers are the same; a number that gold leaves out is no fault."""
    if gold is None or found is None:
        return gold is None
    ends = [number if isinstance(number, list) else [number, number] for number in (found, gold)]
    return all(a is b if a is None or b is None else abs(a - b) <= _TOLERANCE for a, b in zip(*ends, strict=True))


def _polarities(sentence: Mapping[str, Any], meaning: SentenceMeaning) -> Iterator[str]:
    gold: dict[str, set[str]] = {}
    for finding in sentence["findings"]:
        gold.setdefault(finding["entity"], set()).add(finding["polarity"])
    for found in meaning.findings:
        if found.entity in gold and found.polarity in _OPPOSITE:
            yield "compared"
            if _OPPOSITE[found.polarity] in gold[found.entity] and found.polarity not in gold[found.entity]:
                yield "wrong"


def _labels(sentence: Mapping[str, Any], meaning: SentenceMeaning) -> Iterator[str]:
    found = meaning.fields()["labels"]
    for name, stated in sentence["labels"].items():
        if name in sentence["straddling"]:
            continue
        right = found.get(name) is not None and _same_label(found[name], stated)
        if found.get(name) is not None:
            yield "label read"
        if stated is not None:
            yield "label stated"
            yield from (quantity for quantity, label in _NUMBERS.items() if label == name)
        if right:
            yield "label right"
            yield from (f"{quantity} right" for quantity, label in _NUMBERS.items() if label == name)


def _same_label(found: Any, stated: Any) -> bool:
    if isinstance(stated, str) or stated is None:
        return bool(found == stated)
    return not isinstance(found, str) and same_number(found, stated)


def _share(counts: Counter[str], part: str, whole: str) -> float | None:
    return counts[part] / counts[whole] if counts[whole] else None


def timed(sentences: Sequence[Mapping[str, Any]]) -> tuple[list[SentenceMeaning], float]:
    """Every sentence read, and sentences per processor second of a second pass, when every word has been met."""
    grammar = echo_grammar()
    read = [grammar.read(sentence["text"]) for sentence in sentences]
    started, passes = time.process_time(), max(1, 400 // max(len(sentences), 1))
    for _ in range(passes):
        for sentence in sentences:
            grammar.read(sentence["text"])
    return read, passes * len(sentences) / (time.process_time() - started)


def lines(found: Mapping[str, float | None]) -> Iterator[str]:
    """The table for a terminal."""
    for title, name, bar, at_least in _BARS:
        value = found.get(name)
        if value is None:
            yield f"{title:60} {'-':>8}"
            continue
        holds = value >= bar if at_least else value <= bar
        yield f"{title:60} {value:8.3f}  {'≥' if at_least else '≤'} {bar:g}  {'ok' if holds else 'FAILS'}"


def failures(sentences: Sequence[Mapping[str, Any]], read: Sequence[SentenceMeaning]) -> Iterator[str]:
    """Sentences whose main finding or a label was read otherwise."""
    for sentence, meaning in zip(sentences, read, strict=True):
        labels = meaning.fields()["labels"]
        other = {
            name: (labels.get(name), stated)
            for name, stated in sentence["labels"].items()
            if name not in sentence["straddling"] and not (labels.get(name) is None and stated is None)
            and not _same_label(labels.get(name), stated)
        }  # fmt: skip
        wrong = bool(sentence["findings"]) and not main_right(sentence, meaning)
        wrong = wrong or "wrong" in _polarities(sentence, meaning)
        if wrong or other:
            yield f"{sentence['id']} | {sentence['text']}"
            yield from (f"    gold {_short(f)}" for f in sentence["findings"])
            yield from (f"    read {_short(f)}" for f in meaning.fields()["findings"])
            yield from (f"    label {name}: read {a}, gold {b}" for name, (a, b) in other.items())


def _short(f: Mapping[str, Any]) -> str:
    return f"{f['entity']} {f['value']} {f['polarity']} {f['certainty']} {f['time']} {f['number']} {f['unit']}"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--failures", action="store_true")
    arguments = parser.parse_args()
    sentences = json.loads(arguments.file.read_text(encoding="utf-8"))["sentences"]
    read, per_second = timed(sentences)
    if arguments.failures:
        print("\n".join(failures(sentences, read)))
    print("\n".join(lines({**figures(sentences, read), "per_second": per_second})))
    return 0


if __name__ == "__main__":
    sys.exit(main())
