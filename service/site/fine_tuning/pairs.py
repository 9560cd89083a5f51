"""A site's studies with their signed reports, read and de-identified as a bank's are, split by patient."""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from service.site.bank.bundle_reading import BundleReading
from service.site.bank.vectors import report_text, section_texts
from service.site.identity.dicom_names import names_of
from service.site.identity.pseudonyms import Pseudonyms
from service.site.reports.mapping import read_mapping
from service.site.reports.survey import survey
from service.site.reports.table import read_table

TRAIN = "train"  # the value of a mapped split column that trains; every other one is held out
_HELD_OUT_OF_256 = 51  # a fifth of the patients where no split is mapped


@dataclass(frozen=True)
class Pair:
    """A study by the name of its folder, and the text that its clips are to be near to, whole and by section."""

    study: str
    patient: str
    text: str
    sections: Mapping[str, str]
    held_out: bool


@dataclass(frozen=True)
class SitePairs:
    """All pairs of a site, in the table's order. kept_out: reason → how many."""

    pairs: tuple[Pair, ...]
    kept_out: Mapping[str, int]

    @property
    def sha256(self) -> str:
        """Of all pairs: a training goes on only with the same."""
        return hashlib.sha256(json.dumps([asdict(pair) for pair in self.pairs]).encode()).hexdigest()


def read_pairs(reading: BundleReading, reports: Path, mapping_file: Path, studies: Path) -> SitePairs:
    """The pairs of a CSV and a folder of studies. Raises OwnReportsError for a file as a whole."""
    mapping = read_mapping(mapping_file)
    mapping.check(reading.sections, reading.manifest.taxonomy().phenotype_names)
    looked = survey(read_table(reports, mapping), mapping)
    reader = reading.row_reader(mapping, looked, Pseudonyms(secrets.token_bytes(32)), names_of(studies))
    folders = {path.name for path in studies.iterdir() if path.is_dir()}
    language = reading.language()
    kept_out: Counter[str] = Counter(looked.faults.values())
    kept_out["videos_without_report"] = len(folders - looked.studies)
    pairs: list[Pair] = []
    for row in read_table(reports, mapping):
        if row.line in looked.faults:
            continue
        found = reader.read(row)
        study, patient = (row.values[column].strip() for column in (mapping.study, mapping.patient))
        if found.report is None or study not in folders:
            kept_out[found.fault or ("may_name_somebody" if found.doubts else "report_without_videos")] += 1
            continue
        split = None if mapping.split is None else row.values[mapping.split].strip()
        text, sections = report_text(found.report, language), section_texts(found.report, language)
        pairs.append(Pair(study, patient, text, sections, _held_out(patient, split)))
    return SitePairs(tuple(pairs), {reason: count for reason, count in kept_out.items() if count})


def _held_out(patient: str, split: str | None) -> bool:
    if split is not None:
        return split != TRAIN
    return hashlib.sha256(patient.encode()).digest()[0] < _HELD_OUT_OF_256
