"""Arm D: findings by linear probes on section vectors, said in phrases of the language."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model.embeddings import SectionEmbeddings
from model.report.language.language import Finding, Language
from scripts.rendered.evaluation.parts.probes import Probes
from scripts.rendered.evaluation.studies.reading import Text
from scripts.rendered.evaluation.studies.study_sets import StudySet
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.phantom.patient.prior import state_of

_ALWAYS_SAID = 0.9  # share of reports from which a finding's name is taken to be always stated, whatever its value
_LIKELY = 0.5

Said = list[Mapping[str, frozenset[Finding]]]  # per study: section → what is stated there


def true_findings(chosen: StudySet) -> Said:
    """What the reports of a set's patients state, segment by segment."""
    states = [state_of(chosen.seed, study, chosen.prior) for study in range(chosen.studies)]
    return [{name: frozenset(found.stated) for name, found in findings_of(state).items()} for state in states]


def finding_targets(said: Said, sections: Sequence[str]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Section → ``name=value`` → 1 where a report states it."""
    targets = {}
    for section in sections:
        every = sorted({f for report in said for f in report.get(section, ())}, key=lambda f: (f.name, f.value))
        targets[section] = {
            f"{section}|{f.name}={f.value}": np.array([float(f in report.get(section, ())) for report in said])
            for f in every
        }
    return targets


def probe_texts(
    learned: tuple[Sequence[SectionEmbeddings], Said], tested: Sequence[SectionEmbeddings], language: Language
) -> list[Text]:
    """The texts of the tested studies, by probes that learned from others."""
    sections = tested[0].sections
    targets = finding_targets(learned[1], sections)
    scores = Probes.fit(learned[0], targets).scores(tested)
    constant = {n: c[0] for columns in targets.values() for n, c in columns.items() if np.ptp(c) == 0}
    scores |= {name: np.full(len(tested), value) for name, value in constant.items()}
    usual = {
        name: float(np.mean([any(f.name == name for f in report.get(section, ())) for report in learned[1]]))
        for section in sections
        for name in {f.name for report in learned[1] for f in report.get(section, ())}
    }
    return [
        {
            section: _worded(section, _choose(section, scores, usual, study), language)
            for section, seen in zip(sections, tested[study].assessed.tolist(), strict=True)
            if seen
        }
        for study in range(len(tested))
    ]


def _choose(
    section: str, scores: Mapping[str, NDArray[np.float64]], usual: Mapping[str, float], study: int
) -> set[Finding]:
    """The likeliest value of each finding that the section would state."""
    by_name: dict[str, list[tuple[float, str]]] = {}
    for target, column in scores.items():
        own, _, finding = target.partition("|")
        name, _, value = finding.partition("=")
        if own == section:
            by_name.setdefault(name, []).append((float(column[study]), value))
    best = {name: max(values) for name, values in by_name.items()}
    return {
        Finding(name, value)
        for name, (probability, value) in best.items()
        if probability >= _LIKELY or usual[name] >= _ALWAYS_SAID
    }


def _worded(section: str, findings: set[Finding], language: Language) -> list[str]:
    """Phrases without numbers that state the findings and nothing else; those that state most come first."""
    fitting = [p for p in language.phrases if p.section == section and p.findings and set(p.findings) <= findings]
    said: set[Finding] = set()
    sentences = []
    for phrase in sorted(fitting, key=lambda phrase: -len(phrase.findings)):
        if not set(phrase.findings) <= said:
            said |= set(phrase.findings)
            sentences.append(phrase.numberless)
    return sentences
