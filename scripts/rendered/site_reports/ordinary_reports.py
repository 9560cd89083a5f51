"""A CSV of ordinary reports in which nobody is named: how many of its rows are put aside is what caution costs."""

import csv
import io
from pathlib import Path

import numpy as np

_SENTENCES = 12  # a row; a report of a normal study has about as many
_HEADER = ("StudyID", "MRN", "Patient", "Signed by", "Accession", "ExamDate", "Split", "Pacemaker", "Report")
_GERMAN_EVERY = 5  # rows


def ordinary_sentences() -> dict[str, list[str]]:
    """Language → its sentences."""
    found: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("ordinary_sentences.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# ") and len(line) == len("# en"):
            language = line.removeprefix("# ")
            found[language] = []
        elif line and not line.startswith("#"):
            found[language].append(line)
    return found


def ordinary_table(seed: int, rows: int) -> bytes:
    """A CSV with the columns of `messy_table`; every row holds sentences drawn from one language."""
    rng = np.random.default_rng([seed, 11])
    sentences = ordinary_sentences()
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(_HEADER)
    for number in range(rows):
        language = "de" if number % _GERMAN_EVERY == 0 else "en"
        drawn = rng.choice(sentences[language], _SENTENCES, replace=False)
        report = f"LEFT VENTRICLE: {' '.join(drawn[:6])}\nMITRAL VALVE: {' '.join(drawn[6:])}"
        study, patient = f"1.2.826.{seed}.{number}", f"{50_000_000 + number}"
        writer.writerow(
            (study, patient, f"Patient{number}", "Signer", f"ORD{number:06d}", "2024-03-05", "", "", report)
        )
    return table.getvalue().encode()
