"""Only a modality's own rooms know its name: words of echo elsewhere stand in a list, each file with its reason."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORDS = re.compile(r"(?i)(?<![a-z])(views?|cines?|sectors?|ejection|ventric\w*|(?<!typer\.)echo(?!scribe)\w*)(?![a-z])")
# Rooms of echo, and what is named for it or reads files that only it has.
OWN_ROOMS = ("model/echo/", "service/modalities/echo/", "service/site/echoprime/", "service/site/weights/")

VIEWS = "views are part of the contract with modalities that have some; one that has none leaves them empty"
CINE = "a format, not an organ: cines of every modality are read here, and a DICOM header states their sector"
TABLE = "names the modality in the explicit table, or its release or files by their own name"
SOURCE = "cites where a number or a form comes from"
EXAMPLE = "an example, a docstring or a command's help that shows one modality's names"
GRAMMAR = "free sentences of reports are read by the only grammar there is; other modalities' reports by their phrases"
WORD_LIST = "words of reports that are no names: data of the field"
ARRAY = "torch's and numpy's own word: a view of an array"

REASONS = {
    "model/bundle.py": VIEWS,
    "model/bundle_numbers.py": VIEWS,
    "model/embeddings.py": VIEWS,
    "model/familiarity/clip_distances.py": VIEWS,
    "model/familiarity/study_distance.py": VIEWS,
    "model/familiarity/view_mixture.py": VIEWS,
    "model/modality.py": VIEWS,
    "model/pooling.py": VIEWS,
    "model/section_subspaces.py": SOURCE,
    "model/study.py": CINE,
    "model/taxonomy.py": VIEWS,
    "model/visibility.py": VIEWS,
    "model/report/clinical_text/examinations.py": GRAMMAR,
    "model/report/clinical_text/headings.py": EXAMPLE,
    "model/report/clinical_text/report.py": SOURCE,
    "model/report/clinical_text/scope/times.py": EXAMPLE,
    "model/report/clinical_text/sharing.py": EXAMPLE,
    "model/report/decoder/attention.py": ARRAY,
    "model/report/decoder/decoder_config.py": SOURCE,
    "model/report/language/language.py": EXAMPLE,
    "model/report/language/translation.py": EXAMPLE,
    "model/report/text_encoder/bert.py": SOURCE,
    "index/building/index_choice.py": SOURCE,
    "index/usual_search.py": SOURCE,
    "service/answer/assembly.py": VIEWS,
    "service/answer/header.py": VIEWS,
    "service/answer/notices.py": VIEWS,
    "service/answer/text/report_language.py": VIEWS,
    "service/answer/vectors.py": VIEWS,
    "service/artifacts.py": VIEWS,
    "service/cli/commands.py": EXAMPLE,
    "service/cli/embed.py": VIEWS,
    "service/cli/imports.py": TABLE,
    "service/cli/output.py": TABLE,
    "service/cli/reading.py": GRAMMAR,
    "service/documents/examination.py": VIEWS,
    "service/cli/trace.py": VIEWS,
    "service/cli/traced_files.py": VIEWS,
    "service/editing/applying.py": VIEWS,
    "service/http/app.py": EXAMPLE,
    "service/http/examples.py": EXAMPLE,
    "service/ingest/cine.py": CINE,
    "service/ingest/clip_memory.py": ARRAY,
    "service/ingest/decoding/fork_server.py": CINE,
    "service/ingest/limits.py": CINE,
    "service/modalities/registry.py": TABLE,
    "service/pipeline.py": VIEWS,
    "service/renderings/page_sentences.py": VIEWS,
    "service/renderings/page_words.py": VIEWS,
    "service/modalities/codes.py": TABLE,
    "service/modalities/words.py": TABLE,
    "service/renderings/report_text.py": VIEWS,
    "model/report/decoder/packed.py": ARRAY,
    "service/site/bank_training/evaluation/arms.py": SOURCE,
    "service/site/bank_training/material.py": VIEWS,
    "service/site/bank_training/sources.py": VIEWS,
    "service/site/metrics/core_metric.py": SOURCE,
    "service/schemas.py": VIEWS,
    "service/documents/study_vectors.py": VIEWS,
    "service/site/bank/bundle_reading.py": GRAMMAR,
    "service/site/bank/networks.py": VIEWS,
    "service/site/calibration/familiarity.py": VIEWS,
    "service/site/embedding_training/taxonomy_file.py": EXAMPLE,
    "service/site/encoded_folder.py": VIEWS,
    "service/site/fine_tuning/bundle.py": TABLE,
    "service/site/fine_tuning/clips.py": VIEWS,
    "service/site/fine_tuning/contrastive_loop.py": VIEWS,
    "service/site/fine_tuning/contrasts.py": VIEWS,
    "service/site/fine_tuning/retrieval.py": VIEWS,
    "service/site/fine_tuning/tuning.py": VIEWS,
    "service/site/identity/deidentify.py": WORD_LIST,
    "service/site/identity/identity_patterns.py": WORD_LIST,
    "service/site/identity/known_words/lists.py": WORD_LIST,
    "service/site/identity/known_words/morphology.py": WORD_LIST,
    "service/site/reports/headings.py": GRAMMAR,
    "service/site/reports/meaning.py": GRAMMAR,
    "service/site/reports/site_phrases.py": GRAMMAR,
    "service/site/validation/signed_reports.py": GRAMMAR,
}
ROOM_REASONS = {"service/ingest/dicom/": CINE, "service/ingest/video/": CINE}


def lines_with_words() -> dict[str, list[str]]:
    """File → its lines that hold a word of echo, outside of echo's rooms and of rooms with a reason."""
    found: dict[str, list[str]] = {}
    for package in ("model", "index", "service"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith((*OWN_ROOMS, *ROOM_REASONS)):
                lines = [line for line in path.read_text(encoding="utf-8").splitlines() if WORDS.search(line)]
                if lines:
                    found[name] = lines
    return found


def test_every_file_with_a_word_of_echo_has_its_reason() -> None:
    found = lines_with_words()
    assert {name: found[name][:2] for name in found.keys() - REASONS.keys()} == {}


def test_no_reason_stands_for_a_file_without_such_a_word() -> None:
    assert REASONS.keys() - lines_with_words().keys() == set()
