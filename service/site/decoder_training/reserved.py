"""Wordings and findings kept out of the decoder's training, to see what only retrieval can bring to a report.

The bank holds them all; the decoder never reads or writes one while it learns.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from index.phrase_table import PhraseTable
from index.retrieval import ContextCandidate
from model.report.language.language import Finding, Language, Phrase

RESERVED_FILE = "reserved.json"

# Findings that the renderer draws and that no number asks for (a slot would bring their wording back through its band):
# devices, a valve's cusps, calcium, the septum's shape. That they can be seen is held by
# `scripts.rendered.check_phantom`.
VISIBLE_FINDINGS: tuple[Finding, ...] = (
    Finding("impella", "present"),
    Finding("pacemaker_lead", "present"),
    Finding("mitraclip", "present"),
    Finding("mitral_prosthesis", "present"),
    Finding("aortic_prosthesis", "tavr"),
    Finding("aortic_valve_morphology", "bicuspid"),
    Finding("lv_hypertrophy_pattern", "asymmetric_septal"),
    Finding("septal_flattening", "present"),
    Finding("mitral_annular_calcification", "severe"),
    Finding("aortic_valve_calcification", "severe"),
)


@dataclass(frozen=True)
class Reserved:
    """What is kept out. wordings: phrase ids; findings: in every wording that states one."""

    wordings: frozenset[str] = frozenset()
    findings: frozenset[Finding] = frozenset()

    def holds(self, phrase: Phrase) -> bool:
        """Whether a phrase may not be read or written in training."""
        return phrase.phrase_id in self.wordings or not self.findings.isdisjoint(phrase.findings)

    def states(self, phrases: Sequence[Phrase]) -> bool:
        """Whether some phrases state a reserved finding."""
        return any(not self.findings.isdisjoint(phrase.findings) for phrase in phrases)

    def for_reports(self, language: Language) -> Language:
        """The language without reserved wordings; reserved findings keep one, so that every report can be drawn."""
        kept = (p for p in language.phrases if p.phrase_id not in self.wordings or self.states([p]))
        return replace(language, phrases=tuple(kept))

    def for_training(self, language: Language) -> Language:
        """The language as training may show it."""
        return replace(language, phrases=tuple(phrase for phrase in language.phrases if not self.holds(phrase)))

    def hidden(self, language: Language, phrases: PhraseTable) -> frozenset[int]:
        """Numbers of a bank's phrases that training may not show: by id in the language, or by the same wording."""
        held = [phrase for phrase in language.phrases if self.holds(phrase)]
        keys = {phrase.phrase_id for phrase in held}
        wordings = {(phrase.section, phrase.template) for phrase in held}
        return frozenset(row.phrase_id for row in phrases if row.key in keys or (row.section, row.template) in wordings)

    def write(self, folder: Path) -> None:
        """Writes reserved.json."""
        fields = {
            "wordings": sorted(self.wordings),
            "findings": sorted([finding.name, finding.value] for finding in self.findings),
        }
        (folder / RESERVED_FILE).write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What a training's folder says it kept out."""
        fields = json.loads((folder / RESERVED_FILE).read_text(encoding="utf-8"))
        return cls(frozenset(fields["wordings"]), frozenset(Finding(*finding) for finding in fields["findings"]))


NOTHING = Reserved()


def draw_reserved(language: Language, *, wordings: float, findings: int, seed: int) -> Reserved:
    """A share of all wordings and some visible findings, drawn.

    Reserved wordings are of findings that are not: each leaves another of the same findings and slot in its section, so
    that training can still say everything else. Raises ValueError when the language cannot spare that many.
    """
    rng = np.random.default_rng([seed, 3])  # 3: this draw's own stream
    known = [finding for finding in VISIBLE_FINDINGS if any(finding in phrase.findings for phrase in language.phrases)]
    if findings > len(known):
        raise ValueError(f"findings to reserve: {findings}, the language has {len(known)} visible ones")
    kept_out = frozenset(known[place] for place in rng.permutation(len(known))[:findings])
    chosen = _spared(language, Reserved(findings=kept_out), rng)
    wanted = round(wordings * len(language.phrases))
    if wanted > len(chosen):
        raise ValueError(f"wordings to reserve: {wanted}, the language can spare {len(chosen)}")
    return Reserved(frozenset(chosen[:wanted]), kept_out)


def _spared(language: Language, without: Reserved, rng: np.random.Generator) -> list[str]:
    """Ids of phrases that can go while another says the same, in drawn order; those already held are not among them."""
    ways: dict[tuple[str, frozenset[Finding], str | None], list[str]] = {}
    for phrase in language.phrases:
        if not without.holds(phrase):
            ways.setdefault((phrase.section, frozenset(phrase.findings), phrase.slot), []).append(phrase.phrase_id)
    spared = [way for same in ways.values() for way in rng.permutation(same)[1:].tolist()]
    return [str(spared[place]) for place in rng.permutation(len(spared))]


def shown(candidate: ContextCandidate, hidden: frozenset[int]) -> ContextCandidate:
    """The candidate without hidden sentences. One that loses all stays, so that supports mean what they mean later."""
    return replace(candidate, sentences=tuple(said for said in candidate.sentences if said.phrase_id not in hidden))
