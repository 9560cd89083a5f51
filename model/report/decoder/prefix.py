"""From a writing request to the tensors that the decoder reads. Everything is aligned by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from model.device import Placement
from model.report.decoder.copying import START, longer_beginning
from model.report.decoder.decoder_config import DecoderConfig, EstimateRange
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.request import EvidenceSentence, PhenotypeToken, WritingRequest

# value, p10, p90, spread, labelled share, missing, known; the last two also stand in for a bias
ESTIMATE_FEATURES = 7
SUPPORT_FEATURES = 3  # share, its square root (small shares apart), one (a bias)


@dataclass(frozen=True, eq=False)
class StudyTensors:
    """The shared prefix of B studies.

    section_vectors: float32 (B, S, D), assessed: bool (B, S); rows of the decoder's sections.
    clip_vectors: float32 (B, C, D), clip_present: bool (B, C).
    estimates: float32 (B, P, ESTIMATE_FEATURES); rows of the decoder's phenotypes.
    """

    section_vectors: torch.Tensor
    assessed: torch.Tensor
    clip_vectors: torch.Tensor
    clip_present: torch.Tensor
    estimates: torch.Tensor


@dataclass(frozen=True, eq=False)
class RowTensors:
    """R section rows, evidence padded at the end to the longest.

    study: int64 (R,) row of the StudyTensors. section: int64 (R,). evidence: int64 (R, Q) token ids, each with its
    sentence: int64 (R, Q), beginning: int64 (R, Q) (see CopySource) and support: float32 (R, Q).
    valid: bool (R, Q) False on padding. sentences: on the host, token ids of each row's sentences.
    """

    study: torch.Tensor
    section: torch.Tensor
    evidence: torch.Tensor
    sentence: torch.Tensor
    beginning: torch.Tensor
    support: torch.Tensor
    valid: torch.Tensor
    sentences: tuple[tuple[tuple[int, ...], ...], ...]

    def of_studies(self, rows: Sequence[int]) -> "RowTensors":
        """Some of the rows, the first of them for study 0, the next for study 1 and so on."""
        chosen = torch.tensor(rows, dtype=torch.int64, device=self.section.device)
        parts = (self.section, self.evidence, self.sentence, self.beginning, self.support, self.valid)
        section, evidence, sentence, beginning, support, valid = (part.index_select(0, chosen) for part in parts)
        return RowTensors(
            study=torch.arange(len(rows), device=self.section.device),
            section=section,
            evidence=evidence,
            sentence=sentence,
            beginning=beginning,
            support=support,
            valid=valid,
            sentences=tuple(self.sentences[row] for row in rows),
        )


@dataclass(frozen=True)
class RowPrefix:
    """One row before it becomes tensors: which study of the batch, which section, which evidence."""

    study: int
    section: str
    evidence: tuple[EvidenceSentence, ...]


def encode_evidence(
    sentences: Sequence[EvidenceSentence], tokenizer: ReportTokenizer, config: DecoderConfig
) -> tuple[EvidenceSentence, ...]:
    """At most `max_evidence` sentences that may be copied, in the order given.

    A slot that the tokenizer does not know cannot be filled: the numberless wording is read instead. Left out are
    sentences with a digit (it would be another patient's), with control tokens, and those too long to copy whole.
    """
    known = tokenizer.slot_ids
    readable = [
        s if s.slot is None or s.slot in known else replace(s, template=s.numberless, slot=None) for s in sentences
    ]
    tokens = tokenizer.encode_batch([s.template for s in readable])
    encoded = (replace(s, tokens=ids) for s, ids in zip(readable, tokens, strict=True))
    return tuple(item for item in encoded if _may_be_copied(item, tokenizer, config))[: config.max_evidence]


def _may_be_copied(item: EvidenceSentence, tokenizer: ReportTokenizer, config: DecoderConfig) -> bool:
    forbidden = tokenizer.control_ids.union(tokenizer.unwritable_ids)
    return 0 < len(item.tokens) <= config.max_sentence_tokens and forbidden.isdisjoint(item.tokens)


def study_tensors(requests: Sequence[WritingRequest], config: DecoderConfig, placement: Placement) -> StudyTensors:
    """The shared prefixes of some studies, on the placement's device.

    A section or phenotype that a request does not name counts as not assessed or missing.
    """
    studies = [_study_fields(request, config) for request in requests]
    fields = [torch.stack(parts).to(placement.device) for parts in zip(*studies, strict=True)]
    return StudyTensors(*fields)


def _study_fields(request: WritingRequest, config: DecoderConfig) -> tuple[torch.Tensor, ...]:
    vectors = torch.zeros(len(config.sections), config.embedding_dim)
    assessed = torch.zeros(len(config.sections), dtype=torch.bool)
    own = request.section_vectors.float().cpu()
    for row, section in enumerate(config.sections):
        if section in request.sections:
            source = request.sections.index(section)
            vectors[row], assessed[row] = own[source], request.assessed[source]
    clips = request.clip_vectors[: config.max_clip_vectors].float().cpu()
    padding = config.max_clip_vectors - clips.shape[0]
    clip_vectors = torch.cat([clips, clips.new_zeros(padding, config.embedding_dim)])
    clip_present = torch.arange(config.max_clip_vectors) < clips.shape[0]
    tokens = {token.name: token for token in request.phenotypes if config.reads_phenotypes}
    estimates = torch.tensor([_estimate(tokens, phenotype) for phenotype in config.phenotypes])
    return vectors, assessed, clip_vectors, clip_present, estimates.reshape(-1, ESTIMATE_FEATURES)


def _estimate(tokens: Mapping[str, PhenotypeToken], phenotype: EstimateRange) -> list[float]:
    """ESTIMATE_FEATURES numbers of one phenotype, its range scaled to 0..1."""
    token = tokens.get(phenotype.name)
    if token is None or token.value is None:
        return [0.0] * (ESTIMATE_FEATURES - 2) + [1.0, 0.0]
    given = (token.value, token.p10, token.p90)
    value, p10, p90 = (
        ((token.value if number is None else number) - phenotype.low) / (phenotype.high - phenotype.low)
        for number in given
    )
    return [value, p10, p90, p90 - p10, token.labelled_share, 0.0, 1.0]


def row_tensors(
    rows: Sequence[RowPrefix], tokenizer: ReportTokenizer, config: DecoderConfig, placement: Placement
) -> RowTensors:
    """The rows' own prefixes, on the placement's device."""
    fields = [_evidence_fields(row, tokenizer) for row in rows]
    length = max((len(tokens) for tokens, *_ in fields), default=0)

    def padded(part: int, filler: float, dtype: torch.dtype) -> torch.Tensor:
        values = [[*row[part], *[filler] * (length - len(row[part]))] for row in fields]
        return torch.tensor(values, dtype=dtype).reshape(len(rows), length).to(placement.device)

    sizes = torch.tensor([len(tokens) for tokens, *_ in fields])
    return RowTensors(
        study=torch.tensor([row.study for row in rows]).to(placement.device),
        section=torch.tensor([config.sections.index(row.section) for row in rows]).to(placement.device),
        evidence=padded(0, tokenizer.pad, torch.int64),
        sentence=padded(1, 0, torch.int64),
        beginning=padded(2, -1, torch.int64),
        support=padded(3, 0.0, torch.float32),
        valid=(torch.arange(length)[None] < sizes[:, None]).to(placement.device),
        sentences=tuple(tuple(item.tokens for item in row.evidence) for row in rows),
    )


def _evidence_fields(row: RowPrefix, tokenizer: ReportTokenizer) -> tuple[list[int], list[int], list[int], list[float]]:
    """Tokens, sentence numbers, beginnings and supports of one row's evidence, laid end to end."""
    tokens: list[int] = []
    sentences: list[int] = []
    beginnings: list[int] = []
    supports: list[float] = []
    for number, item in enumerate(row.evidence):
        beginning = START
        for token in (*item.tokens, tokenizer.sep):
            beginnings.append(beginning)
            beginning = longer_beginning(beginning, token)
            tokens.append(token)
        size = len(item.tokens) + 1
        sentences += [number] * size
        supports += [item.support] * size
    return tokens, sentences, beginnings, supports
