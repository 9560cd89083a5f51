"""Macro-F1 of E and F by how many studies their decoders learned from."""

from scripts.rendered.evaluation.parts.arms import f1_samples
from scripts.rendered.evaluation.parts.decoder_arms import ARM_FOLDERS, DecoderArm
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.reading import ReadReport
from scripts.rendered.evaluation.studies.results import Results
from service.site.metrics.intervals import of_samples

FOLDER = "learning_curve"  # ARMS/learning_curve/STUDIES/{generate,rag}


def measure_learning_curve(evaluation: Evaluation, results: Results) -> None:
    """Adds a row for every number of studies that both arms were trained on; without any, a remark."""
    folder = None if evaluation.arms is None else evaluation.arms / FOLDER
    if folder is None or not folder.is_dir():
        results.remarks.append(f"learning curve of E against F: no ARMS/{FOLDER}/STUDIES/{{generate,rag}} was trained")
        return
    found: dict[str, dict[str, float]] = {}
    for path in sorted((path for path in folder.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name)):
        for name in ("E", "F"):
            own, mode = ARM_FOLDERS[name]
            arm = DecoderArm.of_path(evaluation, path / own, mode)
            if arm is not None:
                reports = [ReadReport.of(text, evaluation.reader) for text in arm.texts()]
                interval = of_samples(f1_samples(evaluation, evaluation.truths, reports))
                row = found.setdefault(f"{path.name} studies", {})
                row |= {name: interval.value, f"{name} low": interval.low, f"{name} high": interval.high}
    results.figures[FOLDER] = found
