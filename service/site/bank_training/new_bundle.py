"""The new bundle: the old one's files, the decoder, its language, and what was measured. Whole, or not there."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model.bundle import MANIFEST, BundleManifest, write_bundle
from model.report.decoder.tokenizer import TOKENIZER_FILE
from model.report.language.language import Language
from model.report.writing.build import DECODER_FILE
from service.site.bank_training.evaluation.page import evaluation_page

PHRASES_FILE = "phrases.json"
EVALUATION_FILE, PAGE_FILE, LOG_FILE = "evaluation.json", "evaluation.md", "log.jsonl"


def write_new_bundle(
    base: Path, out: Path, manifest: BundleManifest, trained: Path, extra: Mapping[str, Any]
) -> BundleManifest:
    """Writes beside `out` and moves there at the end. trained: folder of decoder and tokenizer.

    extra: `language`, a report language for a bundle without one, or None; `evaluation`, the result; `logs`, folders of
    the trainings in their order.
    Raises FileExistsError when `out` exists.
    """
    if out.exists():
        raise FileExistsError(f"{out}: exists already; remove it or write elsewhere")
    building = out.with_name(f".{out.name}.writing")
    shutil.rmtree(building, ignore_errors=True)
    try:
        shutil.copytree(base, building)
        (building / MANIFEST).unlink()
        for name in (DECODER_FILE, TOKENIZER_FILE):
            shutil.copyfile(trained / name, building / name)
        (building / LOG_FILE).write_text("".join(joined_logs(extra["logs"])), encoding="utf-8")
        if extra["language"] is not None:
            write_language(extra["language"], building / PHRASES_FILE)
            manifest = manifest.model_copy(update={"phrases": PHRASES_FILE})
        result = extra["evaluation"]
        (building / EVALUATION_FILE).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (building / PAGE_FILE).write_text(evaluation_page(result), encoding="utf-8")
        final = write_bundle(building, manifest)
        building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return final


def joined_logs(folders: Sequence[Path]) -> Iterator[str]:
    """The lines of several trainings' logs; steps and seconds of each go on where those before it ended."""
    before = {"step": 0, "seconds": 0.0}
    for folder in folders:
        line: dict[str, Any] = dict(before)
        for text in (folder / LOG_FILE).read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            line |= {"step": line["step"] + before["step"], "seconds": round(line["seconds"] + before["seconds"], 1)}
            yield json.dumps(line) + "\n"
        before = {"step": line["step"], "seconds": line["seconds"]}


def write_language(language: Language, path: Path) -> None:
    """Writes a language as a phrase file; `Language.read` reads it."""
    fields: dict[str, Any] = {"language": language.language, "decimal_mark": language.decimal_mark}
    fields["slots"] = [asdict(slot) for slot in language.slots.values()]
    fields["phrases"] = [
        {**asdict(phrase), "findings": [[finding.name, finding.value] for finding in phrase.findings]}
        for phrase in language.phrases
    ]
    fields["bands"] = [asdict(band) for band in language.bands]
    fields["labels"] = [asdict(rule) for rule in language.labels]
    fields["contradictions"] = [asdict(rule) for rule in language.contradictions]
    path.write_text(json.dumps(fields, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
