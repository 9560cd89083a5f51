"""A messy CSV of invented patients, with planted identifiers: test data for building banks.

Findings come from the phantom's reports in English and German; names, addresses and telephone numbers from Faker, which
the rules of de-identification know nothing of. Everything is drawn from one seed.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from faker import Faker

from model.report.language.language import Language
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.report import report_of, text_of
from scripts.rendered.site_reports.messy_sentences import ADMINISTRATIVE, FREE, Draw, Marker

HEADER = ("StudyID", "MRN", "Patient", "Signed by", "Accession", "ExamDate", "Split", "Pacemaker", "Report")
MAPPING = """\
study: StudyID
patient: MRN
date: ExamDate
names: [Patient, Signed by]
identifiers: [Accession]
split: Split
text: Report
labels: {pacemaker: Pacemaker}
headings: {Pericardium: [Pericardial findings]}
"""
_LOCALES = ("en_US", "de_DE", "pl_PL", "es_ES", "fr_FR", "en_GB")
_GERMAN_SHARE = 0.15


@dataclass(frozen=True)
class MessyTable:
    """csv: the file's bytes. markers: what was planted in it. Studies by what should become of them.

    patients: study id → patient id of every row that should be read. A good row may be put aside for a planted name.
    """

    csv: bytes
    markers: tuple[Marker, ...]
    good: tuple[str, ...]
    bad: tuple[tuple[str, str], ...]
    patients: dict[str, str] = field(default_factory=dict)
    truth: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # study id → labels of its patient


def messy_table(seed: int, studies: int, languages: Sequence[Language], *, planted: bool = True) -> MessyTable:
    """A table of `studies` good rows and a few bad ones; a third of the patients come with two studies.

    planted False: sections hold findings alone, so that no row should be put aside.
    """
    rng = np.random.default_rng([seed, 7])
    fakers = [Faker(locale) for locale in _LOCALES]
    for faker in fakers:
        faker.seed_instance(seed)
    rows, markers, patients = [], [], {}
    for number in range(studies):
        patient = number - 1 if number % 3 == 2 else number
        row, row_markers = _row((seed, number, patient), rng, fakers, languages, planted=planted)
        rows.append(row)
        markers += row_markers
        patients[row[0]] = row[1]
    bad = _bad_rows(rows)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(HEADER)
    writer.writerows(rows)
    writer.writerows(row for row, _ in bad)
    broken = ",".join((f"{10**6}", "P-broken", "M\xfcller", "x", "x", "x", "train", "", "LV: Gro\xdf.")) + "\r\n"
    faults = (*((row[0], fault) for row, fault in bad), ("1000000", "broken_encoding"))
    split = {row[1] for row, fault in bad if fault == "patient_in_two_splits"}
    conflicting = {row[0] for row, fault in bad if fault == "duplicate_study_with_other_content"}
    good = tuple(row[0] for row in rows if row[1] not in split and row[0] not in conflicting)
    return MessyTable(table.getvalue().encode() + broken.encode("latin-1"), tuple(markers), good, faults, patients)


def _row(
    numbers: tuple[int, int, int],
    rng: np.random.Generator,
    fakers: Sequence[Faker],
    languages: Sequence[Language],
    *,
    planted: bool,
) -> tuple[list[str], list[Marker]]:
    """A row and its markers. numbers: seed, study, patient."""
    seed, number, patient = numbers
    faker = fakers[patient % len(fakers)]
    own = Faker(_LOCALES[patient % len(_LOCALES)])
    own.seed_instance(seed * 100_003 + patient)
    name, mrn = f"{own.last_name()}, {own.first_name()}", f"{40_000_000 + 977 * patient + seed}"
    signer = f"{faker.first_name()} {faker.last_name()}"
    study, accession = f"1.2.840.99.{seed}.{number}.77", f"ACC{700_000 + 31 * number + seed}"
    draw = Draw(fakers, rng, name, signer)
    day = draw.day()
    german = len(languages) > 1 and rng.random() < _GERMAN_SHARE
    language = languages[1] if german else languages[0]
    state = state_of(seed, number, "clinical")
    report = report_of(state, language, np.random.default_rng([seed, number, 1]))
    sections = {
        section: [text_of(sentence, language) for sentence in sentences]
        for section, sentences in report.items()
        if rng.random() > 0.1 or section == "Left Ventricle"  # missing sections
    }
    for _ in range(int(rng.integers(0, 3))):
        free = str(rng.choice(FREE[language.language])).format(a=rng.integers(1, 10), b=rng.integers(1, 10))
        sections[str(rng.choice(list(sections)))].append(free)
    administrative = ADMINISTRATIVE[language.language]
    for _ in range(int(rng.integers(0, 4)) if planted else 0):
        sentence = administrative[int(rng.integers(len(administrative)))](draw)
        place = sections[str(rng.choice(list(sections)))]
        place.insert(int(rng.integers(len(place) + 1)), sentence)
    text = _styled(sections, number % 2 == 0, (name, signer, day, accession))
    markers = [*draw.markers, *(Marker("name", part) for part in name.split(", ")), Marker("id", mrn)]
    markers += [Marker("id", accession), Marker("id", study), *(Marker("name", part) for part in signer.split())]
    pacemaker = ("", "yes" if state.pacemaker else "no")[int(rng.integers(2))]
    split = "test" if patient % 5 == 0 else "train"
    return [study, mrn, name, signer, accession, day, split, pacemaker, text], markers


def _styled(sections: dict[str, list[str]], paragraphs: bool, identity: tuple[str, str, str, str]) -> str:
    name, signer, day, accession = identity
    if paragraphs:
        body = "\n".join(f"{section.upper()}: {' '.join(sentences)}" for section, sentences in sections.items())
        return f"PATIENT NAME: {name}\nACCESSION: {accession}\n{body}\nSIGNED BY: {signer}, {day}"
    short = {"Pericardium": "Pericardial findings", "Left Ventricle": "LV", "IVC": "Inferior Vena Cava"}
    blocks = [
        f"{short.get(section, section)}\n-----\n" + "\n".join(f"- {s}" for s in sentences)
        for section, sentences in sections.items()
    ]
    return f"Echo report {accession} of {day}\n\n" + "\n\n".join(blocks) + f"\n\nConclusion\nSee above. {signer} {day}"


def _bad_rows(rows: Sequence[Sequence[str]]) -> list[tuple[list[str], str]]:
    """Rows that must be kept out, with the reason; some spoil the good row that they belong to as well."""
    other = [*rows[1][:8], "LV: The left ventricle is normal in size."]
    split = [f"{rows[4][0]}.9", rows[4][1], *rows[4][2:6], "validation", "", rows[4][8]]
    return [
        (list(rows[0]), "duplicate_study"),
        (list(rows[3]), "duplicate_study"),
        (other, "duplicate_study_with_other_content"),
        (split, "patient_in_two_splits"),
        (["", *rows[6][1:]], "no_study_id"),
        ([f"{rows[6][0]}.8", "P-none", *rows[6][2:8], "No heading and nothing that could be placed."], "no_section"),
        ([f"{rows[6][0]}.7", "P-none", *rows[6][2:8], "INDICATION: chest pain"], "no_section"),
    ]
