"""Report sections as tokens, which the text tower reads, and as numbers, by which patients are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.language.language import Language
from model.report.text_encoder.text_encoder import TextEncoder
from scripts.rendered.phantom.patient.report import report_of, text_of
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.training.section_targets import FindingScale, SectionTargets


@dataclass(frozen=True, eq=False)
class SectionTexts:
    """N patients by section. tokens: section → token ids of its text, one tuple per patient; pad: fills short rows."""

    tokens: Mapping[str, tuple[tuple[int, ...], ...]]
    targets: SectionTargets
    pad: int

    @classmethod
    def of(
        cls,
        states: Sequence[HeartState],
        language: Language,
        tokenizer: ReportTokenizer,
        scale: FindingScale,
        rng: np.random.Generator,
    ) -> Self:
        """The patients' reports in wordings drawn from `rng`."""
        reports = [report_of(state, language, rng) for state in states]
        tokens = {}
        for section in ECHO_TAXONOMY.sections:
            texts = [" ".join(text_of(said, language) for said in report.get(section, ())) for report in reports]
            tokens[section] = tuple((*ids, tokenizer.eos) for ids in tokenizer.encode_batch(texts))
        return cls(tokens, scale.targets(states), tokenizer.pad)

    def __len__(self) -> int:
        return len(self.tokens[ECHO_TAXONOMY.sections[0]])

    def distinct(self, section: str, rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The distinct texts of some patients' section: half of all patients' sections are word for word another's.

        int64 (U, T) tokens, bool (U, T) where they are, and int64 (B,) which text is whose.
        """
        places: dict[tuple[int, ...], int] = {}
        whose = torch.tensor([places.setdefault(self.tokens[section][row], len(places)) for row in rows])
        length = max(map(len, places))
        tokens = torch.tensor([[*ids, *[self.pad] * (length - len(ids))] for ids in places])
        return tokens, torch.arange(length)[None] < torch.tensor([len(ids) for ids in places])[:, None], whose

    def features(self, section: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32 (B, F) what the section says of some patients."""
        return self.targets.features[section][rows]


def section_block(
    encoder: TextEncoder,
    texts: SectionTexts,
    section: str,
    rows: NDArray[np.int64],
    subspaces: Mapping[str, tuple[int, int]],
) -> torch.Tensor:
    """float32 (B, width) unit norm: the section's own part of its text's embedding."""
    tokens, valid, whose = texts.distinct(section, rows)
    device = encoder.token.weight.device
    first, end = subspaces[section]
    block = torch.nn.functional.normalize(encoder(tokens.to(device), valid.to(device))[:, first:end], dim=-1)
    return block[whose.to(device)]


@torch.inference_mode()
def encode_blocks(
    encoder: TextEncoder, texts: SectionTexts, subspaces: Mapping[str, tuple[int, int]], batch: int = 256
) -> dict[str, torch.Tensor]:
    """Section → float32 (N, width) unit norm for all patients; texts of like length share a batch."""
    blocks = {}
    for section in subspaces:
        order = np.array(
            sorted(range(len(texts)), key=lambda row: (len(texts.tokens[section][row]), texts.tokens[section][row]))
        )
        parts = [
            section_block(encoder, texts, section, order[start : start + batch], subspaces)
            for start in range(0, len(order), batch)
        ]
        found = torch.cat(parts)
        blocks[section] = torch.empty_like(found)
        blocks[section][torch.from_numpy(order)] = found
    return blocks
