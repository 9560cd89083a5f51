"""What the report writer reads and returns. Frozen types without files, networks or a modality."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch

Source = Literal["generated", "retrieved", "both"]


@dataclass(frozen=True)
class PhenotypeToken:
    """A phenotype estimate as the decoder reads it: never the truth, always the vote (design section 7).

    value, p10, p90: in the phenotype's unit, None where unknown. labelled_share: labelled / neighbours, 0..1.
    labelled: how many neighbours carry the label; a number that rests on too few is never stated.
    """

    name: str
    value: float | None
    p10: float | None
    p90: float | None
    labelled_share: float
    labelled: int


@dataclass(frozen=True)
class EvidenceSentence:
    """What neighbours state in a section, in their most used wording, merged over candidates, numbers removed.

    template: wording with ``<slot>`` placeholders, never a digit.
    numberless: the wording used when no number can be stated.
    slot: slot name in the template, None without one.
    support: share of the context candidates that state it, in whatever wording, 0..1.
    candidate_ids: those candidates, nearest first.
    tokens: the template as the decoder reads it, without the separator; empty before it is encoded.
    """

    template: str
    numberless: str
    slot: str | None
    support: float
    candidate_ids: tuple[int, ...]
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class WritingRequest:
    """One study, ready to be written.

    section_vectors: float32 (S, D) unit norm, zero rows where not assessed. assessed: bool (S,).
    clip_vectors: float32 (C, D) at most 8, highest weight first.
    sections: names of the S rows. evidence: section name → its sentences, highest support first; empty for `generate`.
    slot_values: section name → slot name → the numbers of all neighbours that have the section, whatever their wording.
    calls: phenotype → what the answer calls it; the text will not deny one. Empty where nothing is called.
    hidden: names of findings that no clip of the study shows; the text states none of them.
    measured: slot name → the number that was measured in this study; it comes before every vote.
    """

    sections: tuple[str, ...]
    section_vectors: torch.Tensor
    assessed: torch.Tensor
    clip_vectors: torch.Tensor
    phenotypes: tuple[PhenotypeToken, ...]
    evidence: Mapping[str, tuple[EvidenceSentence, ...]]
    slot_values: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)
    calls: Mapping[str, bool] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportWarning:
    """Something that the reader must know. Words for the code are kept by language; details: what they name."""

    code: str
    details: Mapping[str, str] = field(default_factory=dict)
