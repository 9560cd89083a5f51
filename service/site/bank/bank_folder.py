"""A bank with versions: a new one from the old one's candidates that stay and the staged ones that come."""

import fcntl
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.bank_versions import CURRENT, make_current, next_version, remove_versions_before
from index.building.bank_writer import BankDescription, BankWriter
from index.candidate_bank import CandidateBank
from index.manifest import BankManifest
from model.report.language.language import Language
from service.site.bank.journal import Staged
from service.site.errors import BankRefused
from service.site.identity.pseudonyms import Pseudonyms
from service.site.reports.reports import BankedReport
from service.site.reports.site_phrases import SitePhrases, sentence_of

KEY_CHECK, LAST_RUN = "key_check", "last_run"
_BLOCK = 256  # candidates in memory at once
_KEPT_VERSIONS = 1  # after an append, to go back to; none after a deletion
Block = tuple[list[BankedReport], NDArray[Any]]
Describe = Callable[[CandidateBank | None], BankDescription]


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """The folder for this process alone. Raises BankRefused when another one is writing."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BankRefused(f"{folder}: another build is at work there") from error
        yield


def open_current(folder: Path, pseudonyms: Pseudonyms, encoder_sha256: str) -> CandidateBank | None:
    """The bank that is there, None where there is none. Raises BankRefused for one of another key or encoder."""
    if not (folder / CURRENT).is_file():
        if folder.is_dir() and any(
            not path.name.startswith(".") and path.name != LAST_RUN for path in folder.iterdir()
        ):
            raise BankRefused(f"{folder}: holds something that is no bank with versions; write elsewhere")
        return None
    if (folder / KEY_CHECK).read_text(encoding="utf-8") != pseudonyms.key_check:
        raise BankRefused(f"{folder}: its pseudonyms were made with another key")
    bank = CandidateBank.open(folder, None)
    if bank.manifest.encoder_sha256 != encoder_sha256:
        raise BankRefused(f"{folder}: its vectors are of another encoder than the bundle's; write a new bank elsewhere")
    return bank


def candidates_of(bank: CandidateBank, studies: Collection[str], patients: Collection[str]) -> NDArray[np.int64]:
    """Ids of the candidates of some studies and patients, by pseudonym."""
    found_patients, found_studies = bank.keys(np.arange(bank.manifest.candidates))
    chosen = [
        n
        for n, (patient, study) in enumerate(zip(found_patients, found_studies, strict=True))
        if patient in patients or study in studies
    ]
    return np.array(chosen, np.int64)


@dataclass(frozen=True)
class NextBank:
    """The candidates of the next version, gone through twice: once for the phrases, once to write.

    base: the bank that is there; leaving: its candidates that go. staged: the reports that come.
    """

    base: CandidateBank | None
    leaving: NDArray[np.int64]
    staged: Staged | None

    def blocks(self) -> Iterator[Block]:
        """Reports with their vectors, those of the base first and in its order."""
        if self.base is not None:
            staying = np.setdiff1d(np.arange(self.base.manifest.candidates), self.leaving)
            for start in range(0, len(staying), _BLOCK):
                ids = staying[start : start + _BLOCK]
                yield _stored(self.base, ids), self.base.embeddings[ids]
        for chunk in self.staged or ():
            if chunk.reports:
                yield list(chunk.reports), chunk.vectors

    def publish(
        self, folder: Path, pseudonyms: Pseudonyms, language: Language, sections: tuple[str, ...], describe: Describe
    ) -> BankManifest:
        """Writes the next version and lets it be served. Raises BankRefused when it would be empty."""
        reports = (report for block, _ in self.blocks() for report in block)
        phrases = SitePhrases.of(reports, language, sections)
        version = next_version(folder)
        labels: dict[str, list[NDArray[np.float32]]] = {}
        derived: set[str] = set()
        rows = 0
        dimension = next((vectors.shape[1] for _, vectors in self.blocks()), None)
        if dimension is None:
            raise BankRefused(f"{folder}: no candidate would be left, so no bank is written")
        with BankWriter(version, phrases.table, sections, dimension) as writer:
            for block, vectors in self.blocks():
                _add(writer, block, vectors, phrases)
                for name in {name for report in block for name in report.labels} - labels.keys():
                    labels[name] = [np.full(rows, np.nan, np.float32)]
                for name, parts in labels.items():
                    parts.append(np.array([report.labels.get(name, np.nan) for report in block], np.float32))
                derived |= {name for report in block for name in report.derived}
                rows += len(block)
            for name in sorted(labels):
                writer.add_labels(name, np.concatenate(labels[name]), derived=name in derived)
            manifest = writer.finish(describe(self.base))
        (folder / KEY_CHECK).write_text(pseudonyms.key_check, encoding="utf-8")
        make_current(version)
        remove_versions_before(version, keep=0 if len(self.leaving) else _KEPT_VERSIONS)
        return manifest


def forget_runs(folder: Path) -> None:
    """Removes what earlier runs noted, and what an unfinished one has staged."""
    for name in (LAST_RUN, ".build.unfinished", ".dry-run.unfinished"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _add(writer: BankWriter, block: list[BankedReport], vectors: NDArray[Any], phrases: SitePhrases) -> None:
    writer.add_embeddings(vectors)
    writer.add_keys([report.patient for report in block], [report.study for report in block])
    for report in block:
        sections: dict[str, list[tuple[int, float | str | None]]] = {}
        for sentence in report.sentences:
            sections.setdefault(sentence.section, []).append(phrases.row(sentence))
        writer.add_report(sections)


def _stored(bank: CandidateBank, ids: NDArray[np.int64]) -> list[BankedReport]:
    """Candidates of a bank as the reports that they were made from."""
    patients, studies = bank.keys(ids)
    labels = {name: bank.labels(name, ids) for name in bank.manifest.phenotypes}
    derived = {name for name, column in bank.manifest.phenotypes.items() if column.derived}
    reports = []
    for at, report in enumerate(bank.sections_of(ids)):
        sentences = tuple(sentence_of(bank.phrases[s.phrase_id], s.value) for part in report.values() for s in part)
        own = {name: float(column[at]) for name, column in labels.items() if np.isfinite(column[at])}
        reports.append(BankedReport(studies[at], patients[at], sentences, own, tuple(derived & own.keys())))
    return reports
