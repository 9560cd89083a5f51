"""One training of a decoder on prepared material: its sizes, its effort, what was measured."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from model.device import Placement
from model.report.decoder.decoder import Decoder
from model.report.decoder.decoder_config import DecoderConfig, decoder_config
from model.report.decoder.tokenizer import ReportTokenizer
from service.answer.evidence import evidence_sentences
from service.site.decoder_training.batches import Batches
from service.site.decoder_training.bits_per_byte import SectionBits
from service.site.decoder_training.changed_inputs import change_inputs
from service.site.decoder_training.decoder_loop import CONFIG_FILE, DecoderTrainer, Plan
from service.site.decoder_training.finding_table import with_findings
from service.site.decoder_training.losses import LossWeights
from service.site.decoder_training.measure_writing import WritingMeasurer
from service.site.decoder_training.report_tokenizer import report_tokenizer
from service.site.decoder_training.rows import DisturbedRow, Disturber, Recipe, TrainingRow
from service.site.embedding_training.embedding_rows import EmbeddingRows
from service.site.embedding_training.options import Effort, Sizes
from service.site.embedding_training.study_table import SPLITS, StudyTable
from service.site.embedding_training.wordings import Wordings
from service.site.observer import QUIET, Observer

PHRASES_FILE, RESULT_FILE = "phrases.json", "result.json"
_ROWS_AT_ONCE = 64  # sections whose bits are counted at once; bounds memory, changes nothing
_LONGEST_SENTENCE = 128  # tokens of evidence that are ever read whole; a prefix holds twelve of them


@dataclass(frozen=True, eq=False)
class Material:
    """Rows by split, and what their sentences are. left_out: sentences that became no wording."""

    table: StudyTable
    wordings: Wordings
    rows: dict[str, list[TrainingRow]] = field(init=False)

    def __post_init__(self) -> None:
        source = EmbeddingRows(self.table, self.wordings)
        object.__setattr__(self, "rows", {split: source.rows(self.table.of(split)) for split in SPLITS})

    def as_served(self, rows: Sequence[TrainingRow]) -> list[DisturbedRow]:
        """Rows as they would be served, with their evidence."""
        phrases = self.wordings.phrases
        return [
            DisturbedRow(row.study, row.section, row.targets, evidence_sentences(row.neighbours, phrases), "own")
            for row in rows
        ]

    def nearest_report(self, rows: Sequence[TrainingRow]) -> dict[str, float]:
        """Precision and recall of the nearest candidate's own sentences: what a decoder must beat."""
        said = [set(self.wordings.templates(row.neighbours[0].sentences)) if row.neighbours else set() for row in rows]
        right = sum(len(own & set(row.targets)) for own, row in zip(said, rows, strict=True))
        stated, true = sum(map(len, said)), sum(len(set(row.targets)) for row in rows)
        return {"precision": right / max(1, stated), "recall": right / max(1, true)}


def lengths_of(rows: Sequence[TrainingRow], tokenizer: ReportTokenizer) -> tuple[list[int], int]:
    """Tokens of every row's section with its end, ascending; and of the longest sentence."""
    texts = [[len(ids) for ids in tokenizer.encode_batch(row.targets)] for row in rows]
    longest = max((size for text in texts for size in text), default=1)
    return sorted(sum(text) + len(text) + 1 for text in texts), longest


def config_of(sizes: Sizes, tokenizer: ReportTokenizer, material: Material) -> tuple[DecoderConfig, list[int]]:
    """The decoder's configuration, and the lengths of the training sections, ascending."""
    lengths, longest = lengths_of(material.rows["train"], tokenizer)
    table = material.table
    config = decoder_config(
        material.wordings.file.taxonomy(), vocabulary=tokenizer.size, embedding_dim=table.vectors.shape[-1]
    )
    fields = {**config.model_dump(), "layers": sizes.layers, "width": sizes.width, "heads": sizes.heads}
    fields |= {"max_clip_vectors": 0, "max_section_tokens": sizes.length or lengths[-1]}
    fields |= {"max_sentence_tokens": min(longest, _LONGEST_SENTENCE)}
    return DecoderConfig.model_validate(fields), lengths


@dataclass(frozen=True)
class TrainingRun:
    """Where a training is written and run. measured: splits that it is measured on at its end."""

    out: Path
    placement: Placement
    measured: Sequence[str] = ("validation", "test")
    observer: Observer = QUIET


def train(material: Material, sizes: Sizes, effort: Effort, run: TrainingRun) -> dict[str, Any]:
    """Trains in a folder, resumed if it was begun, and measures on held-out splits. Returns what was found."""
    started, out, placement = time.monotonic(), run.out, run.placement
    language, rows = material.wordings.language, material.rows
    tokenizer = report_tokenizer(language, vocabulary=sizes.vocabulary)
    config, lengths = config_of(sizes, tokenizer, material)
    config = with_findings(config, language, rows["train"])
    out.mkdir(parents=True, exist_ok=True)
    (out / CONFIG_FILE).write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
    material.wordings.write(out / PHRASES_FILE)
    plan = Plan(
        effort.steps,
        effort.seconds or None,
        effort.rows_per_step,
        effort.learning_rate,
        seed=effort.seed,
        weights=LossWeights(),
    )
    trainer = DecoderTrainer(
        config, tokenizer, Disturber(Recipe(), material.wordings.phrases, language), placement, run.observer
    )
    decoder = trainer.train(rows["train"], plan, out, json.dumps([len(rows["train"]), len(language.phrases)]))
    measurer = WritingMeasurer(decoder, tokenizer, language, placement)
    held_out = {
        split: {
            **{name: asdict(measurer.measure(given)) for name, given in _inputs(material, split).items()},
            "nearest_report": material.nearest_report(rows[split]),
            "bits_per_byte": _bits_per_byte(trainer, decoder, rows[split], material.as_served(rows[split])),
        }
        for split in run.measured
        if rows[split]
    }
    result = {
        "sizes": {**asdict(sizes), "tokens": tokenizer.size, "max_section_tokens": config.max_section_tokens},
        "parameters": sum(weight.numel() for weight in decoder.parameters()),
        "rows": {split: len(found) for split, found in rows.items()},
        "sections_cut": sum(length > config.max_section_tokens for length in lengths) / len(lengths),
        "section_tokens": {"median": lengths[len(lengths) // 2], "longest": lengths[-1]},
        "held_out": held_out,
        "seconds": round(time.monotonic() - started, 1),
    }
    (out / RESULT_FILE).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _bits_per_byte(
    trainer: DecoderTrainer, decoder: Decoder, rows: Sequence[TrainingRow], served: Sequence[DisturbedRow]
) -> dict[str, float]:
    """Bits per byte of each section, every row with its own evidence."""
    batches = Batches(rows, trainer.disturber, trainer.tokenizer, trainer.config, trainer.placement)
    found = SectionBits(decoder, trainer.tokenizer)
    for start in range(0, len(served), _ROWS_AT_ONCE):
        found.add(batches.collate(served[start : start + _ROWS_AT_ONCE]))
    return found.per_byte()


def _inputs(material: Material, split: str) -> dict[str, list[DisturbedRow]]:
    return change_inputs(material.as_served(material.rows[split]))
