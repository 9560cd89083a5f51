"""The report decoder: a small GPT whose rows are sections, with a shared prefix per study and a copy mechanism.

Sequence of a row, by position:  section vectors · clip vectors · phenotypes │ section · evidence │ text
                                 read once per study, shared by its rows      │ the row's own     │ BOS, tokens …
Each part reads itself and the parts to its left. Within the two prefix parts attention goes in both directions, within
the text only backwards. So what is left of a bar never depends on what is right of it, and its keys and values can be
kept.
"""

import torch
from torch import nn

from model.report.decoder.attention import Transformer, initialise, project
from model.report.decoder.copying import Copier, CopySource
from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.kv_cache import GrowingMemory, Memory
from model.report.decoder.prefix import ESTIMATE_FEATURES, SUPPORT_FEATURES, RowTensors, StudyTensors

_LEAST_SHARE = 1e-3  # of a finding before training, so that its logarithm is finite
_ESTIMATE_HIDDEN = 64  # width of the network that reads a phenotype's numbers


class Decoder(nn.Module):
    """Reads prefixes, returns hidden states of text and where each next token comes from."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.token = nn.Embedding(config.vocabulary, width)
        self.section = nn.Embedding(len(config.sections), width)
        self.vector_projection = nn.Linear(config.embedding_dim, width, bias=False)
        self.section_vector = nn.Embedding(len(config.sections), width)
        self.not_assessed = nn.Embedding(1, width)
        self.clip_rank = nn.Embedding(config.max_clip_vectors, width)
        self.no_clip = nn.Embedding(1, width)
        self.phenotype = nn.Embedding(len(config.phenotypes), width)
        self.estimate = nn.Sequential(
            nn.Linear(ESTIMATE_FEATURES, _ESTIMATE_HIDDEN, bias=False),
            nn.GELU(),
            nn.Linear(_ESTIMATE_HIDDEN, width, bias=False),
        )
        self.support = nn.Linear(SUPPORT_FEATURES, width, bias=False)
        self.transformer = Transformer(layers=config.layers, heads=config.heads, width=width)
        self.copier = Copier(width, config.copy_width)
        self.finding_head = nn.Linear(width, len(config.findings)) if config.findings else None

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.token.weight.device

    def embed_studies(self, studies: StudyTensors) -> torch.Tensor:
        """(B, shared, W) the shared prefix as the transformer reads it."""
        estimates = self.estimate(studies.estimates.to(self.token.weight.dtype)) + self.phenotype.weight
        return torch.cat([self._vectors(studies), estimates], 1)

    def read_studies(self, studies: StudyTensors) -> GrowingMemory:
        """Keys and values of the shared prefix, one row per study."""
        memory = GrowingMemory()
        prefix = self.embed_studies(studies)
        self.transformer(prefix, self._positions(0, self.config.shared_length), memory=memory)
        return memory

    def read_vectors(self, studies: StudyTensors) -> torch.Tensor:
        """(B, S, W) hidden states of the section vectors when nothing but section and clip vectors is read."""
        vectors = self._vectors(studies)
        hidden = self.transformer(vectors, self._positions(0, vectors.shape[1]))
        out: torch.Tensor = hidden[:, : len(self.config.sections)]
        return out

    def read_findings(self, studies: StudyTensors) -> torch.Tensor:
        """(B, F) logits of the configuration's findings, each from its section's vector; F is 0 without a head."""
        hidden = self.read_vectors(studies)
        if self.finding_head is None:
            return hidden.new_zeros(len(hidden), 0)
        sections = torch.tensor([self.config.sections.index(finding.section) for finding in self.config.findings])
        places = sections.to(hidden.device).expand(len(hidden), 1, -1)
        logits: torch.Tensor = self.finding_head(hidden)
        return logits.gather(1, places)[:, 0]

    def embed_rows(self, rows: RowTensors) -> torch.Tensor:
        """(R, 1 + Q, W) the rows' own prefixes as the transformer reads them: section, then evidence."""
        share = rows.support.to(self.token.weight.dtype)
        supports = self.support(torch.stack([share, share.sqrt(), torch.ones_like(share)], -1))
        evidence = self.token(rows.evidence) + supports
        return torch.cat([self.section(rows.section)[:, None], evidence], 1)

    def read_rows(self, rows: RowTensors, memory: Memory) -> CopySource:
        """Evidence that can be copied from; the rows' keys and values go to the memory of the shared prefix."""
        hidden = self.embed_rows(rows)
        positions = self._positions(self.config.shared_length, hidden.shape[1])
        hidden = self.transformer(hidden, positions, mask=self.prefix_mask(rows)[:, None, None], memory=memory)
        return self.copy_source(rows, hidden[:, 1:])

    def copy_source(self, rows: RowTensors, evidence: torch.Tensor) -> CopySource:
        """The evidence as it can be copied from. evidence: (R, Q, W) hidden states."""
        return CopySource(
            keys=self.copier.key(evidence),
            tokens=rows.evidence,
            beginning=rows.beginning,
            sentence=rows.sentence,
            support=rows.support,
            valid=rows.valid,
            sentences=self.config.max_evidence,
        )

    def read_text(self, text: torch.Tensor, first: int, mask: torch.Tensor, memory: Memory) -> torch.Tensor:
        """(R, T, W) hidden states of text tokens; first: how many text tokens stand before them."""
        positions = self._positions(self.config.text_position + first, text.shape[1])
        out: torch.Tensor = self.transformer(self.token(text), positions, mask=mask, memory=memory)
        return out

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., V) scores of the vocabulary, by the token table itself."""
        return project(self.token.weight, hidden)

    def forward(self, studies: StudyTensors, rows: RowTensors, text: torch.Tensor) -> tuple[torch.Tensor, CopySource]:
        """Hidden states (R, T, W) of whole texts, and the evidence; text: int64 (R, T) begins with BOS."""
        memory = self.read_studies(studies).of_rows(rows.study)
        source = self.read_rows(rows, memory)
        length = text.shape[1]
        backwards = torch.ones(length, length, dtype=torch.bool, device=text.device).tril()
        prefix = self.prefix_mask(rows)[:, None].expand(-1, length, -1)
        mask = torch.cat([prefix, backwards.expand(len(text), -1, -1)], -1)
        return self.read_text(text, 0, mask[:, None], memory), source

    def prefix_mask(self, rows: RowTensors) -> torch.Tensor:
        """Which positions of a row's prefix may be read: bool (R, shared + 1 + Q)."""
        always = rows.valid.new_ones(rows.valid.shape[0], self.config.shared_length + 1)
        return torch.cat([always, rows.valid], 1)

    def _vectors(self, studies: StudyTensors) -> torch.Tensor:
        """(B, S + C, W) section and clip vectors as the transformer reads them."""
        vectors = self._project(studies.section_vectors)
        sections = torch.where(studies.assessed[..., None], vectors, self.not_assessed.weight)
        clips = self._project(studies.clip_vectors)
        clips = torch.where(studies.clip_present[..., None], clips, self.no_clip.weight)
        return torch.cat([sections + self.section_vector.weight, clips + self.clip_rank.weight], 1)

    def _project(self, vectors: torch.Tensor) -> torch.Tensor:
        # Unit vectors have entries near D^-1/2; the network wants them near one.
        scaled = vectors.to(self.token.weight.dtype) * self.config.embedding_dim**0.5
        out: torch.Tensor = self.vector_projection(scaled)
        return out

    def _positions(self, first: int, count: int) -> torch.Tensor:
        return torch.arange(first, first + count, device=self.device)


def build_decoder(config: DecoderConfig, seed: int = 0) -> Decoder:
    """An untrained decoder; equal for equal seeds. Its finding head begins with how often each finding is stated."""
    decoder = Decoder(config)
    initialise(decoder, torch.Generator().manual_seed(seed))
    if decoder.finding_head is not None:
        shares = torch.tensor([finding.share for finding in config.findings]).clamp(_LEAST_SHARE, 1 - _LEAST_SHARE)
        with torch.no_grad():
            decoder.finding_head.bias.copy_(shares.logit())
    return decoder
