"""Everything that the stages of a training share, opened when it is first asked for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from index.building.building_stages import FinishedStages
from model.bundle import MANIFEST, sha256_of
from model.device import Placement
from model.report.decoder.decoder_config import DecoderConfig, decoder_config
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer
from model.section_subspaces import subspace_mask
from service.site.bank_training.errors import UnusableStudies
from service.site.bank_training.material import Material, open_material
from service.site.bank_training.options import BankTrainingOptions
from service.site.bank_training.rows.finding_columns import FindingColumns
from service.site.bank_training.rows.gap import Gap
from service.site.bank_training.rows.row_making import RowMaker
from service.site.bank_training.rows.row_store import Rows, RowStore
from service.site.bank_training.rows.section_retrieval import SectionRetrieval
from service.site.bank_training.rows.wording_table import WordingTable
from service.site.bank_training.sources import EncodedStudies, StandIns, text_model_of, wordings_said
from service.site.encoded_folder import ARRAYS_FILE
from service.site.observer import Observer
from service.site.training.processes import processes

_LONGEST_SENTENCE = 96  # tokens; longer wordings are neither read nor written
_SECTION_TOKENS = (64, 320)  # least and most of a section; between them the longest of the rows
TRAIN, THRESHOLDS, TEST = (0, 1, 2, 3), (4,), (5,)  # sixths of the patients
ROWS, STUDY_ROWS, TRAINING, FINE_TUNING = "rows", "study-rows", "training", "fine-tuning"  # folders


def work_folder(out: Path) -> Path:
    """Where everything lies until the new bundle is whole."""
    return out.with_name(f".{out.name}.unfinished")


def _studies_sha256(folder: Path) -> list[str]:
    """Hashes of the arrays of a folder of studies, or of its parts. Raises UnusableStudies where there are none."""
    found = [sha256_of(path) for path in sorted(folder.rglob(ARRAYS_FILE))]
    if not found:
        raise UnusableStudies(f"{folder}: holds no {ARRAYS_FILE}; it is no folder of encoded studies")
    return found


@dataclass(frozen=True, eq=False)
class RunParts:
    """The parts of one training."""

    options: BankTrainingOptions
    observer: Observer
    placement: Placement

    @property
    def first(self) -> bool:
        """Whether this process makes rows, measures and writes."""
        return processes()[0] == 0

    @property
    def work(self) -> Path:
        """The folder of everything unfinished."""
        return work_folder(self.options.out)

    @property
    def decoder_folder(self) -> Path:
        """Where the trained decoder lies."""
        return self.work / (TRAINING if self.studies is None else FINE_TUNING)

    @cached_property
    def about(self) -> dict[str, Any]:
        """What must be the same when a run goes on."""
        options = self.options
        sizes = ("vocabulary", "layers", "section_tokens")
        names = (*sizes, "candidates", "rows_per_step", "learning_rate", "evidence", "seed", "test_studies")
        studies = None if options.studies is None else _studies_sha256(options.studies)
        return {
            "bundle": sha256_of(options.bundle / MANIFEST),
            "bank": self.material.bank.sha256,
            "studies": studies,
            "size": self.size,
            **{name: getattr(options, name) for name in names},
        }

    @cached_property
    def _stages(self) -> FinishedStages:
        return FinishedStages(self.work, hashlib.sha256(json.dumps(self.about).encode()).hexdigest())

    @property
    def stages(self) -> FinishedStages:
        """What is finished, as it lies on disk: another process may have written it."""
        return FinishedStages(self.work, hashlib.sha256(json.dumps(self.about).encode()).hexdigest())

    @property
    def noted(self) -> Mapping[str, dict[str, Any]]:
        """What finished stages noted."""
        return self.stages.noted

    @cached_property
    def material(self) -> Material:
        """Bundle, bank and language, checked."""
        return open_material(self.options)

    @property
    def size(self) -> Literal["development", "full"]:
        """The decoder's: the small one on a CPU."""
        if self.options.size != "auto":
            return self.options.size
        return "full" if self.placement.device.type == "cuda" else "development"

    @cached_property
    def tokenizer(self) -> ReportTokenizer:
        """As it was written."""
        return ReportTokenizer.read(self.work / TOKENIZER_FILE)

    @cached_property
    def sizes(self) -> DecoderConfig:
        """The configuration without what follows from rows."""
        manifest = self.material.manifest
        config = decoder_config(
            self.material.taxonomy,
            vocabulary=self.tokenizer.size,
            embedding_dim=manifest.embedding_dim,
            size=self.size,
        )
        texts = [row.template for row in self.material.bank.phrases if row.section in manifest.sections]
        longest = max(map(len, self.tokenizer.encode_batch(texts)), default=0)
        longest = min(max(longest, config.max_sentence_tokens), _LONGEST_SENTENCE)
        changes = {"max_clip_vectors": 0, "project_onto_bank": self.studies is None, "max_sentence_tokens": longest}
        if self.options.layers:
            changes["layers"] = self.options.layers
        return config.model_copy(update=changes)

    @cached_property
    def table(self) -> WordingTable:
        """The bank's wordings by number."""
        made = self.material
        return WordingTable.of(
            made.bank.phrases, made.language, made.read, self.tokenizer, self.sizes, only_language=made.only_language
        )

    @cached_property
    def studies(self) -> EncodedStudies | None:
        """The folder of encoded studies, None without one."""
        folder = self.options.studies
        return None if folder is None else EncodedStudies.read(folder, self.material.pipeline(self.material.manifest))

    @cached_property
    def stand_ins(self) -> StandIns:
        """Candidates as if they were videos, by the gap that the training studies show."""
        bank, split, taxonomy = self.material.bank, self.material.split, self.material.taxonomy
        gap, model = Gap.assumed(len(taxonomy.sections), bank.manifest.dimension), None
        if self.studies is not None:
            training = self.studies.of(TRAIN)
            model = text_model_of(bank, self.table, split.drawn(split.training, len(split.training), 11))
            texts = model.vectors(wordings_said(self.table, training.reports, len(training)))
            gap = Gap.of_studies(training.queries.vectors, training.queries.assessed, texts)
        own, size = self.material.manifest.section_subspaces, bank.manifest.dimension
        subspaces = subspace_mask(own, taxonomy.sections, size) if own else torch.ones(len(taxonomy.sections), size)
        patients, seed = split.patients, self.options.seed
        return StandIns(bank, taxonomy, self.table, patients, gap, model, seed, subspaces.float().numpy())

    @cached_property
    def retrieval(self) -> SectionRetrieval:
        """Over the candidates that train: what is held out is evidence for nobody."""
        made = self.material
        return SectionRetrieval(
            made.bank, made.taxonomy, made.split.training, made.split.patients, self.placement.device
        )

    @cached_property
    def maker(self) -> RowMaker:
        """Makes rows as the decoder will read them."""
        return RowMaker(self.retrieval, self.table, self.sizes.project_onto_bank)

    @cached_property
    def rows(self) -> Rows:
        """The rows of stand-ins, of the blocks that their stage finished with."""
        return RowStore(self.work / ROWS).read(self.noted["rows"]["blocks"])

    @cached_property
    def config(self) -> DecoderConfig:
        """The decoder's configuration, with a head for what the rows' wordings state."""
        columns = FindingColumns(self.table.texts, self.sizes.sections)
        lengths = np.r_[self.table.lengths, 0][self.rows.targets].sum(axis=1)
        longest = self.options.section_tokens or int(np.clip(lengths.max(initial=0) + 1, *_SECTION_TOKENS))
        return self.sizes.model_copy(update={"findings": columns.outputs(self.rows), "max_section_tokens": longest})
