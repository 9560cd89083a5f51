"""Arms that write with a decoder: the product's own, and those trained for one mode each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.device import Placement, choose_placement
from model.report.decoder.decoder_config import DecoderConfig
from model.report.language.language import Language
from model.report.language.phrase_reader import PhraseReader
from model.report.request import WritingRequest
from model.report.writing.build import DECODER_FILE, build_writer
from model.report.writing.report_writer import ReportWriter, WrittenReport
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.reading import Text
from service.schemas import Mode
from service.site.decoder_training.decoder_loop import CONFIG_FILE

ARM_FOLDERS: dict[str, tuple[str, Mode]] = {
    "E0": ("vectors_only", "generate"),
    "E": ("generate", "generate"),
    "F": ("rag", "rag"),
    "F-p": ("rag_without_phenotypes", "rag"),
}
_AT_ONCE = 8  # studies whose sections are decoded in one batch


@dataclass(frozen=True, eq=False)
class DecoderArm:
    """A writer, the mode it reads its requests in, and the evaluation whose pipeline composes them."""

    evaluation: Evaluation
    writer: ReportWriter
    mode: Mode

    @classmethod
    def of_product(cls, evaluation: Evaluation, mode: Mode, language: Language | None = None) -> "DecoderArm | None":
        """The bundle's own decoder, None without one. language: another than the bundle's to write in."""
        if evaluation.pipeline.bundle.decoder is None:
            return None
        return cls(evaluation, _writer(evaluation, evaluation.paths.bundle, language or evaluation.language), mode)

    @classmethod
    def of_folder(cls, evaluation: Evaluation, name: str) -> "DecoderArm | None":
        """The arm of a name, None where it was not trained."""
        folder, mode = ARM_FOLDERS[name]
        return None if evaluation.arms is None else cls.of_path(evaluation, evaluation.arms / folder, mode)

    @classmethod
    def of_path(cls, evaluation: Evaluation, path: Path, mode: Mode) -> "DecoderArm | None":
        """The arm whose decoder lies in a folder, None without one."""
        if not (path / DECODER_FILE).is_file():
            return None
        config = DecoderConfig.model_validate_json((path / CONFIG_FILE).read_text(encoding="utf-8"))
        manifest = evaluation.pipeline.bundle.model_copy(update={"decoder": config.model_dump(mode="json")})
        own = replace(evaluation, pipeline=replace(evaluation.pipeline, bundle=manifest))
        return cls(own, _writer(own, path, evaluation.language), mode)

    def requests(self, context_of: Sequence[int] | None = None) -> list[WritingRequest]:
        """The requests of the test set. context_of: whose evidence and values each study gets; its own where None."""
        studies, retrieved = self.evaluation.embedded, self.evaluation.retrieved
        others = range(len(studies)) if context_of is None else context_of
        return [
            self.evaluation.pipeline.request(
                study.embedding, study.sections, replace(own[0], context=retrieved[other][0].context), own[1], self.mode
            )
            for study, own, other in zip(studies, retrieved, others, strict=True)
        ]

    def write(self, requests: Sequence[WritingRequest]) -> list[WrittenReport]:
        """The reports, several studies to a batch."""
        starts = range(0, len(requests), _AT_ONCE)
        return [report for start in starts for report in self.writer.write_many(requests[start : start + _AT_ONCE])]

    def texts(self, context_of: Sequence[int] | None = None) -> list[Text]:
        """The sentences of the test set's reports."""
        return [sentences_of(report) for report in self.write(self.requests(context_of))]


def sentences_of(report: WrittenReport) -> dict[str, list[str]]:
    """Section → its sentences."""
    return {name: [sentence.text for sentence in sentences] for name, sentences in report.sections.items()}


def _writer(evaluation: Evaluation, folder: Path, language: Language) -> ReportWriter:
    read = PhraseReader(language).findings_in
    placement = _placement(evaluation)
    return build_writer(evaluation.pipeline.bundle, folder, language, read, placement)


def _placement(evaluation: Evaluation) -> Placement:
    """Where the arms run: the pipeline's own device."""
    stated = evaluation.pipeline.provenance
    return choose_placement(str(stated.get("device", "cpu")), str(stated.get("dtype", "float32")))
