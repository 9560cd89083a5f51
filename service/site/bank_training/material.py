"""What a decoder is trained on: bundle, bank and report language, compared as the service does, and checked."""

import errno
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.candidate_bank import CandidateBank
from index.exact_search import ExactSearch
from index.retriever import Retriever
from model.bundle import BundleManifest, read_bundle
from model.pooling import MilTable
from model.report.language.language import FindingReader, Language
from model.taxonomy import Taxonomy
from model.visibility import Visibility
from service.modalities.registry import served
from service.pipeline import ReportPipeline
from service.site.bank_training.errors import UnusableBank
from service.site.bank_training.names_only import NamesOnly
from service.site.bank_training.options import BankTrainingOptions
from service.site.bank_training.splits import CandidateSplit
from service.site.decoder_training.report_tokenizer import shipped_phrases

_BLOCK_ROWS = 65_536  # vectors looked at together
_LEAST_CANDIDATES = 60  # ten on each side of the held-out third; fewer say nothing of anything
_LEAST_LABELLED = 1


@dataclass(frozen=True, eq=False)
class Material:
    """A bundle, a bank that fits it, and the language of their reports. read: what a sentence states."""

    folder: Path
    manifest: BundleManifest
    bank: CandidateBank
    language: Language
    read: FindingReader
    split: CandidateSplit

    @property
    def taxonomy(self) -> Taxonomy:
        """The bundle's names."""
        return self.manifest.taxonomy()

    @property
    def only_language(self) -> bool:
        """Whether nothing but wordings of the report language may be learned: the bank's texts may not be shown."""
        return not self.bank.manifest.text_may_be_shown

    def pipeline(self, manifest: BundleManifest) -> ReportPipeline:
        """The service's composer without networks. manifest: with the decoder and the thresholds that it shall use."""
        visibility = manifest.visibility
        return ReportPipeline(
            modality=NamesOnly(self.taxonomy, manifest.embedding_dim),
            bundle=manifest,
            mil=MilTable.from_mapping(manifest.mil_weights, manifest.sections, manifest.views),
            retriever=Retriever(self.bank, ExactSearch(self.bank.embeddings)),
            writer=None,
            visibility=None if visibility is None else Visibility.read(self.folder / visibility, self.taxonomy),
        )


def open_material(options: BankTrainingOptions) -> Material:
    """Opens and checks everything that can be checked before hours of work.

    Raises BundleError, BankError, LanguageError or UnusableBank, saying which file and what would mend it.
    """
    manifest = read_bundle(options.bundle)
    bank = CandidateBank.open(options.bank, encoder_sha256=manifest.encoder_sha256)
    _compare(manifest, bank, options)
    language, read = _language(manifest, options.bundle, bank)
    _require_text(bank, manifest, options.bank)
    _require_vectors(bank, options.bank)
    return Material(options.bundle, manifest, bank, language, read, CandidateSplit(bank, options.seed))


def _language(manifest: BundleManifest, folder: Path, bank: CandidateBank) -> tuple[Language, FindingReader]:
    """The bundle's report language; where it brings none, the shipped one if the bank's reports are in it."""
    language = Language.read(shipped_phrases() if manifest.phrases is None else folder / manifest.phrases)
    keys = {row.key for row in bank.phrases if row.key is not None}
    if manifest.phrases is None and not (keys and keys <= language.by_id.keys()):
        raise UnusableBank(
            f"{folder}: brings no report language (phrases), and the bank's wordings are not the shipped one's; import "
            "the release again, or build the bank with this bundle"
        )
    return language, served(manifest.modality).finding_reader(language)


def _compare(manifest: BundleManifest, bank: CandidateBank, options: BankTrainingOptions) -> None:
    where = options.bank
    if bank.manifest.dimension != manifest.embedding_dim:
        raise UnusableBank(
            f"{where}: vectors have {bank.manifest.dimension} dimensions, bundle {manifest.name!r} embeds in "
            f"{manifest.embedding_dim}"
        )
    if missing := sorted(set(manifest.sections) - set(bank.manifest.sections)):
        raise UnusableBank(
            f"{where}: has the sections {list(bank.manifest.sections)} and lacks {missing}, which bundle "
            f"{manifest.name!r} writes; import or build the bank with this bundle"
        )
    if bank.manifest.candidates < _LEAST_CANDIDATES:
        raise UnusableBank(f"{where}: {bank.manifest.candidates} candidates; {_LEAST_CANDIDATES} are the least")
    labelled = {name: bank.manifest.phenotypes[name].labelled for name in _named(manifest, bank)}
    if sum(labelled.values()) < _LEAST_LABELLED:
        raise UnusableBank(
            f"{where}: no candidate carries a label of any of the {len(manifest.phenotypes)} phenotypes of bundle "
            f"{manifest.name!r}; the decoder reads what neighbours' labels say. Import the release with its "
            "candidate_labels.pkl or per_section.json, or build the bank from reports that state them"
        )


def _named(manifest: BundleManifest, bank: CandidateBank) -> list[str]:
    return [name for name in manifest.taxonomy().phenotype_names if name in bank.manifest.phenotypes]


def _require_text(bank: CandidateBank, manifest: BundleManifest, where: Path) -> None:
    shown = bank.manifest.text_may_be_shown
    learned = [
        row
        for row in bank.phrases
        if row.section in manifest.sections and row.may_be_copied and (shown or row.key is not None)
    ]
    if not bank.manifest.sentences or not learned:
        why = (
            "no sentence of its reports has words of its own and no digits"
            if shown
            else "text_may_be_shown is false and no wording is one of the report language; build it with --show-text"
        )
        raise UnusableBank(f"{where}: there is nothing to learn to write: {why}")


def _require_vectors(bank: CandidateBank, where: Path) -> None:
    for start in range(0, len(bank.embeddings), _BLOCK_ROWS):
        block = bank.embeddings[start : start + _BLOCK_ROWS]
        finite = np.isfinite(block.sum(axis=1, dtype=np.float32))
        if not finite.all():
            row = start + int(np.argmin(finite))
            raise UnusableBank(
                f"{where}: the vector of candidate {row} holds NaN or infinity; import or embed the bank again"
            )


def is_full(error: Exception) -> bool:
    """Whether an error says that the disk is full. Writers in other languages say it in words only."""
    return getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in str(error)
