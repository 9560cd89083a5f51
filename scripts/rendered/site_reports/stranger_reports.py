"""The messy CSV again as a stranger's lab writes it: narrative text under FINDINGS and IMPRESSION, abbreviations.

The patients, their identifiers and the rows that must be kept out are those of `messy_reports`; only the text differs.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from faker import Faker

from model.report.language.language import Language
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.site_reports.messy_reports import HEADER, MessyTable, messy_table
from scripts.rendered.site_reports.messy_sentences import ADMINISTRATIVE, Draw, Marker
from scripts.rendered.site_reports.stranger_sentences import Stranger

_STUDY = re.compile(r"1\.2\.840\.99\.(?P<seed>\d+)\.(?P<number>\d+)\.77")
_WRITTEN = ("PATIENT NAME", "Echo report")  # how the text of a row that is no planted fault begins
_GERMAN_SHARE = 0.3
_HEADINGS = {"en": ("FINDINGS", "IMPRESSION"), "de": ("Befund", "Beurteilung")}


def stranger_table(seed: int, studies: int, languages: Sequence[Language], *, planted: bool = True) -> MessyTable:
    """The table of `messy_table` in the stranger's words."""
    table = messy_table(seed, studies, languages, planted=planted)
    rows = list(csv.reader(io.StringIO(table.csv.decode("utf-8", "surrogateescape"))))
    fakers = [Faker("en_US"), Faker("de_DE")]
    for faker in fakers:
        faker.seed_instance(seed)
    text, patient, markers = HEADER.index("Report"), HEADER.index("Patient"), list[Marker]()
    written: dict[str, str] = {}
    for row in rows[1:]:
        found = _STUDY.fullmatch(row[0])
        if found is None or not row[text].startswith(_WRITTEN):
            continue
        if row[0] not in written:
            draw = Draw(fakers, np.random.default_rng([seed, int(found["number"]), 3]), row[patient], row[3])
            written[row[0]] = _report(seed, int(found["number"]), draw, planted=planted)
            markers += draw.markers
        row[text] = written[row[0]]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    identifying = [marker for marker in table.markers if marker.text in out.getvalue()]
    return replace(
        table,
        csv=out.getvalue().encode("utf-8", "surrogateescape"),
        markers=(*identifying, *markers),
        truth=truth_of(table),
    )


def truth_of(table: MessyTable) -> Mapping[str, Mapping[str, float]]:
    """Study id → the labels that are true of its patient."""
    truth = {}
    for study in table.patients:
        found = _STUDY.fullmatch(study)
        if found is not None:
            truth[study] = labels_of(state_of(int(found["seed"]), int(found["number"]), "clinical"))
    return truth


def _report(seed: int, number: int, draw: Draw, *, planted: bool) -> str:
    rng = np.random.default_rng([seed, number, 4])
    language = "de" if rng.random() < _GERMAN_SHARE else "en"
    writer = Stranger(state_of(seed, number, "clinical"), language, rng)
    body = writer.body()
    administrative = ADMINISTRATIVE[language]
    for _ in range(int(rng.integers(0, 2)) if planted else 0):
        sentence = administrative[int(rng.integers(len(administrative)))](draw)
        body.insert(int(rng.integers(len(body) + 1)), sentence)
    findings, impression = _HEADINGS[language]
    ending = "\n".join(f"{n}. {sentence}" for n, sentence in enumerate(writer.impression(), start=1))
    return f"{findings}: {' '.join(body)}\n{impression}:\n{ending}"
