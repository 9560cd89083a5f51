"""The stages that train: on stand-ins, and then on real studies where there are any."""

import json
from pathlib import Path
from typing import Any

import torch

from model.report.decoder.decoder import build_decoder
from model.report.decoder.decoder_config import DecoderConfig
from model.report.writing.build import load_decoder, save_decoder
from service.site.bank_training.rows.batches import BankBatches
from service.site.bank_training.rows.drawing import Drawing
from service.site.bank_training.rows.finding_columns import FindingColumns
from service.site.bank_training.rows.invented_texts import with_invented
from service.site.bank_training.rows.row_store import Rows, RowStore
from service.site.bank_training.run_parts import FINE_TUNING, STUDY_ROWS, TRAINING, RunParts
from service.site.bank_training.trainer import BankTrainer
from service.site.decoder_training.decoder_loop import Plan
from service.site.decoder_training.losses import LossWeights
from service.site.decoder_training.rows import Recipe
from service.site.training.processes import processes

_FINE_TUNE_SHARE = 0.3  # of the training's seconds, where there are real studies
_FINE_TUNE_RATE = 0.3  # of the learning rate
_RATES = {"development": 3e-3, "full": 6e-4}  # as `scripts.rendered.train_decoder`
_LOG_EVERY, _CHECKPOINT_EVERY = 20, 100  # steps
# Bytes that wait for the backward pass, by position, layer and width in float32: 3.4 GB for 6,165 positions and six
# rows read twice, of eight layers of 512.
_BYTES_OF_A_VALUE = 128
_PASS_BYTES = 1_500_000_000  # on a CPU; a training then stays under 4 GB, of which 1 GB are freed and kept
_NO_EVIDENCE = Recipe(own=0.0, none=1.0, corrupted=0.0, other=0.0)


def batches_of(parts: RunParts, rows: Rows, seed: int) -> BankBatches:
    """What a training on these rows reads, step by step, in this process."""
    made = parts.material
    longest = parts.config.max_sentence_tokens
    table, invented = with_invented(parts.table, made.bank.phrases, made.language, parts.tokenizer, longest)
    rank, world = processes()
    columns = FindingColumns(table.texts, parts.sizes.sections)
    recipe = Recipe() if parts.options.evidence else _NO_EVIDENCE
    drawing = Drawing(rows, table, columns, recipe, parts.options.rows_per_step * world, seed)
    most = most_positions(parts.config, parts.placement.device)
    return BankBatches(drawing, parts.tokenizer, parts.config, parts.placement, invented, rank, world, most)


def most_positions(config: DecoderConfig, device: torch.device) -> int:
    """Positions of a pass whose activations fit a share of the device's memory."""
    room = _PASS_BYTES
    if device.type == "cuda":
        room = torch.cuda.get_device_properties(device).total_memory // 4  # weights and the optimizer lie beside them
    return max(1, room // (config.layers * config.width * _BYTES_OF_A_VALUE))


def _plan(parts: RunParts, seconds: float | None, steps: int, rate: float) -> Plan:
    return Plan(
        steps,
        seconds,
        parts.options.rows_per_step,
        rate,
        seed=parts.options.seed,
        log_every=_LOG_EVERY,
        checkpoint_every=_CHECKPOINT_EVERY,
        weights=LossWeights(),
    )


def _rate(parts: RunParts) -> float:
    return parts.options.learning_rate or _RATES[parts.size]


def _seconds(parts: RunParts) -> float | None:
    """What is left of the minutes for training, None where steps alone limit it."""
    if not parts.options.minutes:
        return None
    spent = sum(parts.noted[stage]["seconds"] for stage in ("tokenizer", "rows") if stage in parts.noted)
    return float(max(parts.options.minutes * 60 - spent, 1.0))


def train(parts: RunParts) -> dict[str, Any]:
    """The decoder learns from stand-ins."""
    seconds, steps = _seconds(parts), parts.options.steps
    if parts.studies is not None:
        seconds = None if seconds is None else seconds * (1 - _FINE_TUNE_SHARE)
        steps = round(steps * (1 - _FINE_TUNE_SHARE))
    folder = parts.work / TRAINING
    return _fit(parts, parts.rows, _plan(parts, seconds, steps, _rate(parts)), folder, None)


def fine_tune(parts: RunParts) -> dict[str, Any]:
    """The decoder learns from real studies, and goes on with as many stand-ins beside them."""
    studies = RowStore(parts.work / STUDY_ROWS).read(parts.noted["study rows"]["blocks"])
    blocks = parts.rows.blocks[: max(1, len(studies.blocks))]
    rows = Rows((*studies.blocks, *blocks))
    seconds, steps = _seconds(parts), round(parts.options.steps * _FINE_TUNE_SHARE)
    seconds = None if seconds is None else seconds * _FINE_TUNE_SHARE
    plan = _plan(parts, seconds, steps, _rate(parts) * _FINE_TUNE_RATE)
    return _fit(parts, rows, plan, parts.work / FINE_TUNING, parts.work / TRAINING)


def _fit(parts: RunParts, rows: Rows, plan: Plan, folder: Path, start: Path | None) -> dict[str, Any]:
    """Trains in a folder. start: whose decoder is gone on with, None for a new one."""
    decoder = build_decoder(parts.config, parts.options.seed) if start is None else load_decoder(start, parts.config)
    batches = batches_of(parts, rows, parts.options.seed + (start is not None))
    data = json.dumps([parts.about, len(rows), start is not None], sort_keys=True)
    trainer = BankTrainer(batches, parts.placement, plan, data, parts.observer)
    steps = trainer.train(decoder.to(parts.placement.device), folder)
    if parts.first:
        save_decoder(folder, decoder, parts.tokenizer)
    parameters = sum(weight.numel() for weight in decoder.parameters())
    return {"steps": steps, "rows": len(rows), "parameters": parameters, **trainer.throughput.about()}
