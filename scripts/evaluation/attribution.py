"""Whether a report was made from what it cites: cited evidence is deleted and the section decoded again."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from model.device import choose_placement
from model.report.build import TOKENIZER_FILE, load_decoder
from model.report.decoder import Decoder
from model.report.decoder_config import DecoderConfig
from model.report.drafts import Draft, split_sentences
from model.report.generate import generate
from model.report.prefix import RowPrefix, encode_evidence, row_tensors, study_tensors
from model.report.tokenizer import ReportTokenizer
from model.report.writing import EvidenceSentence, WritingRequest
from scripts.evaluation.context import Evaluation
from scripts.evaluation.results import Results
from service.writing_request import evidence_of

_STUDIES = 60  # a dozen sentences each: shares are known to about 2 %
_NAMES = (
    "attribution: retrieved sentences that change without their evidence",
    "attribution: generated sentences that change without evidence",
    "attribution: sentences that change when random uncited evidence is deleted",
)
Evidence = Mapping[str, tuple[EvidenceSentence, ...]]


@dataclass(frozen=True, eq=False)
class SectionDecoder:
    """The bundle's decoder on sections, before slots are filled: drafts with their probability."""

    decoder: Decoder
    tokenizer: ReportTokenizer

    @classmethod
    def of(cls, evaluation: Evaluation) -> "SectionDecoder":
        """The decoder of the bundle."""
        folder = evaluation.paths.bundle
        config = DecoderConfig.model_validate(evaluation.pipeline.bundle.decoder)
        return cls(load_decoder(folder, config), ReportTokenizer.read(folder / TOKENIZER_FILE))

    def drafts(self, request: WritingRequest, evidence: Evidence) -> dict[str, tuple[Draft, ...]]:
        """Section → its drafts, with this evidence in place of the request's."""
        assessed = zip(request.sections, request.assessed.tolist(), strict=True)
        config, placement = self.decoder.config, choose_placement("cpu")
        names = [name for name, seen in assessed if seen and name in config.sections]
        if not names:
            return {}
        prefixes = [RowPrefix(0, n, encode_evidence(evidence.get(n, ()), self.tokenizer, config)) for n in names]
        rows = row_tensors(prefixes, self.tokenizer, config, placement)
        written = generate(self.decoder, self.tokenizer, study_tensors([request], config, placement), rows)
        return {
            prefix.section: split_sentences(text, prefix.section, prefix.evidence, self.tokenizer)
            for prefix, text in zip(prefixes, written, strict=True)
        }

    def changed(self, draft: Draft, others: Sequence[Draft]) -> bool:
        """Whether a sentence is gone or half as probable among other drafts of its section."""
        same = [other for other in others if other.template == draft.template]
        if not same:
            return True
        tokens = len(self.tokenizer.encode(draft.template))
        return max(other.log_probability for other in same) * tokens < draft.log_probability * tokens - math.log(2)


def without_candidates(evidence: Evidence, deleted: Mapping[str, Set[int]], context: Mapping[str, int]) -> Evidence:
    """The evidence with some candidates of each section taken out; what nobody else says is gone.

    context: how many candidates each section's support is a share of.
    """
    kept: dict[str, tuple[EvidenceSentence, ...]] = {}
    for section, sentences in evidence.items():
        gone = deleted.get(section, set())
        left = max(1, context[section] - len(gone))
        rest = [(s, tuple(i for i in s.candidate_ids if i not in gone)) for s in sentences]
        kept[section] = tuple(
            replace(sentence, candidate_ids=ids, support=len(ids) / left) for sentence, ids in rest if ids
        )
    return kept


def measure_attribution(evaluation: Evaluation, results: Results) -> None:
    """Adds the three shares and their bars."""
    if evaluation.pipeline.bundle.decoder is None:
        results.not_measured(_NAMES, "the bundle has no decoder")
        return
    decoder = SectionDecoder.of(evaluation)
    counts: dict[str, list[bool]] = {"retrieved": [], "generated": [], "uncited": []}
    for number in range(min(_STUDIES, len(evaluation.studies))):
        _add_study(evaluation, decoder, number, counts)
    shares = {name: float(np.mean(flags)) if flags else float("nan") for name, flags in counts.items()}
    results.figures["attribution"] = {n: {"changed": shares[n], "sentences": len(counts[n])} for n in shares}
    results.at_least(_NAMES[0], shares["retrieved"], 0.70)
    results.at_most(_NAMES[1], shares["generated"], 0.10)
    results.at_most(_NAMES[2], shares["uncited"], 0.05)


def _add_study(evaluation: Evaluation, decoder: SectionDecoder, number: int, counts: dict[str, list[bool]]) -> None:
    """Deletes the cited candidates of all sections at once, and the same number of uncited ones."""
    study, (retrieval, votes) = evaluation.embedded[number], evaluation.retrieved[number]
    request = evaluation.pipeline.request(study.embedding, study.sections, retrieval, votes, "rag")
    evidence = evidence_of(retrieval, evaluation.pipeline.retriever.bank)
    context = {section: len(candidates) for section, candidates in retrieval.context.items()}
    drafts = decoder.drafts(request, evidence)
    cited = {section: {i for draft in found for i in draft.candidate_ids} for section, found in drafts.items()}
    without = decoder.drafts(request, without_candidates(evidence, cited, context))
    rng = np.random.default_rng(number)
    uncited = {section: _some_uncited(evidence.get(section, ()), ids, rng) for section, ids in cited.items()}
    besides = decoder.drafts(request, without_candidates(evidence, uncited, context))
    for section, found in drafts.items():
        for draft in found:
            if draft.source in counts and (draft.source == "generated" or cited[section]):
                counts[draft.source].append(decoder.changed(draft, without[section]))
            if uncited[section]:
                counts["uncited"].append(decoder.changed(draft, besides[section]))


def _some_uncited(evidence: Sequence[EvidenceSentence], cited: Set[int], rng: np.random.Generator) -> set[int]:
    """Candidates that no sentence cites, at most as many as are cited, drawn."""
    others = sorted({i for sentence in evidence for i in sentence.candidate_ids} - set(cited))
    if not others:
        return set()
    return set(rng.permutation(others)[: max(1, min(len(cited), len(others)))].tolist())
