"""The stages that make what is learned from: the tokenizer, rows of stand-ins, rows of real studies."""

import time
from typing import Any

import numpy as np

from model.report.decoder.tokenizer import TOKENIZER_FILE
from service.site.bank_training.rows.row_making import Reports
from service.site.bank_training.rows.row_store import RowStore
from service.site.bank_training.run_parts import ROWS, STUDY_ROWS, TRAIN, RunParts
from service.site.bank_training.sources import chosen
from service.site.decoder_training.report_tokenizer import report_tokenizer

_STUDIES_OF_A_BLOCK = 128  # 1,920 searches at once; a stop costs at most so many
_LEAST_BLOCKS = 2
_ROWS_SHARE = 0.2  # of the minutes, at most, go into rows; the rest trains
_MOST_CANDIDATES = 16_384  # that rows are made of: a quarter of a million rows, more than two cores read in an hour


def write_tokenizer(parts: RunParts) -> dict[str, Any]:
    """The tokenizer of the report language and the bank's wordings."""
    tokenizer = report_tokenizer(parts.material.language, parts.material.bank.folder, parts.options.vocabulary)
    tokenizer.write(parts.work / TOKENIZER_FILE)
    return {"tokens": tokenizer.size, "slots": len(tokenizer.slot_ids)}


def write_rows(parts: RunParts) -> dict[str, Any]:
    """Rows of drawn candidates, until there are enough or their share of the time is gone."""
    split, store = parts.material.split, RowStore(parts.work / ROWS)
    most = min(parts.options.candidates or _MOST_CANDIDATES, len(split.training))
    drawn = split.drawn(split.training, most, 12)
    blocks = -(-most // _STUDIES_OF_A_BLOCK)
    ends = time.monotonic() + (parts.options.minutes * 60 * _ROWS_SHARE or np.inf)
    while (number := store.blocks) < blocks and (number < _LEAST_BLOCKS or time.monotonic() < ends):
        candidates = drawn[number * _STUDIES_OF_A_BLOCK : (number + 1) * _STUDIES_OF_A_BLOCK]
        queries = parts.stand_ins.queries(candidates, 100 + number)
        store.add(parts.maker.rows(queries, Reports.of_candidates(parts.material.bank, candidates)))
        parts.observer.advance("rows: candidates", min(most, (number + 1) * _STUDIES_OF_A_BLOCK), most)
    rows = store.read()
    return {"blocks": store.blocks, "rows": len(rows), "studies": rows.studies, "gap": parts.stand_ins.gap.about()}


def write_study_rows(parts: RunParts) -> dict[str, Any]:
    """Rows of the real studies that train."""
    assert parts.studies is not None
    studies, store = parts.studies.of(TRAIN), RowStore(parts.work / STUDY_ROWS)
    blocks = -(-len(studies) // _STUDIES_OF_A_BLOCK)
    while (number := store.blocks) < blocks:
        start = number * _STUDIES_OF_A_BLOCK
        part = chosen(studies, np.arange(start, min(len(studies), start + _STUDIES_OF_A_BLOCK)))
        store.add(parts.maker.rows(part.queries, part.reports))
        parts.observer.advance("rows: studies", min(len(studies), start + _STUDIES_OF_A_BLOCK), len(studies))
    return {"blocks": store.blocks, "rows": len(store.read())}
