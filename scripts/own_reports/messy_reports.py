"""A messy CSV of invented patients, with planted identifiers: test data for building banks.

Findings come from the phantom's reports in English and German; names, addresses and telephone numbers from Faker, which
the rules of de-identification know nothing of. Everything is drawn from one seed.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from faker import Faker

from model.phantom.prior import state_of
from model.phantom.report import report_of, text_of
from model.report.language import Language

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
_FREE = (
    "Chordal structures appear elongated with late systolic tenting of the posterior leaflet.",
    "Doppler alignment was difficult in apical views.",
    "E/e' ratio is {a}.{b} at rest.",
    "Flow reversal in the descending aorta was not sampled.",
    "Trabeculations are prominent near the apex; the ratio measures {a}.{b}.",
    "Contrast was not given because endocardial borders are well seen.",
    "A catheter tip crosses the tricuspid annulus, length about {a} cm.",
    "Strain analysis gave {a}{b} % with fair tracking.",
)
_ADMINISTRATIVE: tuple[Callable[["_Draw"], str], ...] = (
    lambda d: f"Findings were discussed with Dr. {d.name()} on {d.day()}.",
    lambda d: f"Compared with the study of {d.day()}, no relevant change.",
    lambda d: f"Mild interval change since {d.day()}.",
    lambda d: f"Referred by {d.full()} for dyspnea, MRN {d.number()}.",
    lambda d: f"Call {d.phone()} with questions.",
    lambda d: f"{d.age()}, follow-up after surgery.",
    lambda d: f"Scanned by {d.name().lower()}, accession {d.code()}.",
    lambda d: f"Mr. {d.name()} tolerated the examination well.",
    lambda d: f"{d.own().upper()} WAS INFORMED ABOUT THE RESULT.",
    lambda d: f"Results were mailed to {d.mail()}.",
    lambda d: f"{d.own()} reports chest pain since {d.day()}.",
    lambda d: f"The image set {d.code()} shows a sclerotic annulus.",
    lambda d: f"Prior surgery by Prof. {d.full()} in {d.place()}.",
    lambda d: f"Copy to {d.address()}.",
    lambda d: f"{d.full()} agrees with this reading.",
    lambda d: f"Acquired {d.day()} at {d.clock()}.",
)


@dataclass(frozen=True)
class Marker:
    """Something planted that must be found nowhere afterwards."""

    kind: str
    text: str


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


class _Draw:
    """Draws identifiers for one study and remembers them."""

    def __init__(self, fakers: Sequence[Faker], rng: np.random.Generator, patient: str, signer: str) -> None:
        self._fakers, self._rng, self._patient, self._signer = fakers, rng, patient, signer
        self.markers: list[Marker] = []

    def _plant(self, kind: str, text: str) -> str:
        self.markers.append(Marker(kind, text))
        return text

    def _faker(self) -> Faker:
        return self._fakers[int(self._rng.integers(len(self._fakers)))]

    def name(self) -> str:
        return self._plant("name", self._faker().last_name())

    def full(self) -> str:
        faker = self._faker()
        return f"{self._plant('name', faker.first_name())} {self._plant('name', faker.last_name())}"

    def own(self) -> str:
        return self._plant("name", self._patient.split(",")[0])

    def day(self) -> str:
        day = date(2012, 1, 1) + timedelta(days=int(self._rng.integers(4500)))
        forms = (
            "%Y-%m-%d",
            "%d/%m/%Y",
            "%m/%d/%Y",
            "%d.%m.%Y",
            "%d %B %Y",
            "%B %d, %Y",
            "%d-%b-%y",
            "%Y%m%d",
            "%m/%d/%y",
        )
        return self._plant("date", day.strftime(forms[int(self._rng.integers(len(forms)))]))

    def clock(self) -> str:
        return self._plant(
            "time", f"{self._rng.integers(10, 24)}:{self._rng.integers(10, 60)}:{self._rng.integers(10, 60)}"
        )

    def number(self) -> str:
        return self._plant("id", str(self._rng.integers(100_000, 10**9)))

    def code(self) -> str:
        letters = "".join(self._rng.choice(list("ABCDEHKLMUX"), 2))
        return self._plant("id", f"{letters}{self._rng.integers(10, 100)}-{self._rng.integers(1000, 10**6)}")

    def phone(self) -> str:
        return self._plant(
            "phone",
            self._fakers[0].numerify("(###) ###-####")
            if self._rng.random() < 0.5
            else f"+49 {self._rng.integers(100, 999)} {self._rng.integers(10**5, 10**7)}",
        )

    def age(self) -> str:
        return self._plant("age", f"{self._rng.integers(90, 104)}-year-old")

    def mail(self) -> str:
        return self._plant("mail", self._faker().ascii_safe_email())

    def place(self) -> str:
        return self._plant("place", self._faker().city())

    def address(self) -> str:
        return self._plant("address", self._fakers[0].street_address().split("\n")[0])


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
        row, row_markers = _row((seed, number, patient), rng, fakers, languages, _ADMINISTRATIVE if planted else ())
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
    administrative: Sequence[Callable[["_Draw"], str]],
) -> tuple[list[str], list[Marker]]:
    """A row and its markers. numbers: seed, study, patient."""
    seed, number, patient = numbers
    faker = fakers[patient % len(fakers)]
    own = Faker(_LOCALES[patient % len(_LOCALES)])
    own.seed_instance(seed * 100_003 + patient)
    name, mrn = f"{own.last_name()}, {own.first_name()}", f"{40_000_000 + 977 * patient + seed}"
    signer = f"{faker.first_name()} {faker.last_name()}"
    study, accession = f"1.2.840.99.{seed}.{number}.77", f"ACC{700_000 + 31 * number + seed}"
    draw = _Draw(fakers, rng, name, signer)
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
        free = str(rng.choice(_FREE)).format(a=rng.integers(1, 10), b=rng.integers(1, 10))
        sections[str(rng.choice(list(sections)))].append(free)
    for _ in range(int(rng.integers(0, 4)) if administrative else 0):
        planted = administrative[int(rng.integers(len(administrative)))](draw)
        place = sections[str(rng.choice(list(sections)))]
        place.insert(int(rng.integers(len(place) + 1)), planted)
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
