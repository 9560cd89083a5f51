"""Whether a report depends on what it cites: cited evidence is deleted and the section is decoded again."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

import numpy as np

from model.report.request import EvidenceSentence
from model.report.writing.evidence_deletion import without_candidates
from model.report.writing.report_writer import ReportWriter
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.results import Results

_STUDIES = 120  # a dozen sentences each: shares are known to about 1.5 %; one in 300 is the decoder's own
_NAMES = (
    "attribution: retrieved sentences that change without their evidence",
    "attribution: generated sentences that change without evidence",
    "attribution: sentences that change when random uncited evidence is deleted",
)
_FEW = 20  # sentences on which a share of 10 % means nothing
Evidence = Mapping[str, tuple[EvidenceSentence, ...]]


def without(evidence: Evidence, deleted: Mapping[str, Set[int]]) -> Evidence:
    """The evidence with some candidates of each section taken out."""
    return {section: without_candidates(said, deleted.get(section, set())) for section, said in evidence.items()}


def measure_attribution(evaluation: Evaluation, results: Results) -> None:
    """Adds the three shares and their bars."""
    writer = evaluation.pipeline.writer
    if writer is None:
        results.not_measured(_NAMES, "the bundle has no decoder")
        return
    counts: dict[str, list[bool]] = {"retrieved": [], "generated": [], "uncited": []}
    for number in range(min(_STUDIES, len(evaluation.studies))):
        _add_study(evaluation, writer, number, counts)
    shares = {name: float(np.mean(flags)) if flags else float("nan") for name, flags in counts.items()}
    results.figures["attribution"] = {n: {"changed": shares[n], "sentences": len(counts[n])} for n in shares}
    if 0 < len(counts["generated"]) < _FEW:
        reported = f"{len(counts['generated'])} sentence(s) of {min(_STUDIES, len(evaluation.studies))} studies"
        results.remarks.append(f"the bar about generated sentences rests on {reported}: it tells little")
    results.at_least(_NAMES[0], shares["retrieved"], 0.70)
    results.at_most(_NAMES[1], shares["generated"], 0.10)
    results.at_most(_NAMES[2], shares["uncited"], 0.05)


def _add_study(evaluation: Evaluation, writer: ReportWriter, number: int, counts: dict[str, list[bool]]) -> None:
    """Deletes the cited candidates of all sections at once, and the same number of uncited ones."""
    study, (retrieval, votes) = evaluation.embedded[number], evaluation.retrieved[number]
    request = evaluation.pipeline.request(study.embedding, study.sections, retrieval, votes, "rag")
    evidence = request.evidence
    drafts = writer.drafts(request)
    cited = {section: {i for draft in found for i in draft.candidate_ids} for section, found in drafts.items()}
    uncopied = writer.drafts(replace(request, evidence=without(evidence, cited)))
    rng = np.random.default_rng(number)
    uncited = {section: _some_uncited(evidence.get(section, ()), ids, rng) for section, ids in cited.items()}
    besides = writer.drafts(replace(request, evidence=without(evidence, uncited)))
    for section, found in drafts.items():
        for draft in found:
            if draft.source in counts and (draft.source == "generated" or cited[section]):
                counts[draft.source].append(not draft.survives(uncopied[section]))
            if uncited[section]:
                counts["uncited"].append(not draft.survives(besides[section]))


def _some_uncited(evidence: Sequence[EvidenceSentence], cited: Set[int], rng: np.random.Generator) -> set[int]:
    """Candidates that no sentence cites, at most as many as are cited, drawn."""
    others = sorted({i for sentence in evidence for i in sentence.candidate_ids} - set(cited))
    if not others:
        return set()
    return set(rng.permutation(others)[: max(1, min(len(cited), len(others)))].tolist())
