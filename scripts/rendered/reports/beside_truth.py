"""A draft of a rendered study beside what is true of its heart: found, of another degree, missed, invented."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from model.echo.language.reader import finding_reader
from model.echo.phrases.reader import english
from model.echo.taxonomy import SECTIONS
from model.report.language.language import Finding
from scripts.rendered.evaluation.studies.truth import StudyTruth, grouped, is_abnormal
from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.phantom.patient.report import report_of, text_of
from service.answer.text.plain_sentences import plain_text
from service.renderings.report_text import WIDTH, wrapped
from service.schemas import PhenotypeOut, ReportDocument, SectionOut

_SHORT = {"lv", "rv", "la", "ra", "ivc"}
_NAME_COLUMNS = 13  # of a section's name; longer ones take a second line
_GAP = "  "
_TEXT_COLUMNS = (WIDTH - _NAME_COLUMNS - 2 * len(_GAP)) // 2


@dataclass(frozen=True)
class Compared:
    """Abnormal findings of the truth and of a draft, by name; degrees: what is true, and what the draft says."""

    found: tuple[Finding, ...]
    degrees: tuple[tuple[Finding, Finding], ...]
    missed: tuple[Finding, ...]
    invented: tuple[Finding, ...]

    @classmethod
    def of(cls, truth: StudyTruth, said: Iterable[Finding]) -> "Compared":
        """Compares what a draft says with the truth. What is implied by the truth is neither found nor invented."""
        true = {finding.name: finding for finding in sorted(truth.stated, key=_order) if is_abnormal(finding)}
        drafted = [finding for finding in sorted(set(said), key=_order) if is_abnormal(finding)]
        found = [finding for finding in drafted if finding in truth.stated]
        names = {finding.name for finding in found}
        others = [one for one in drafted if one.name in true and one.name not in names]
        return cls(
            tuple(found),
            tuple((true[one.name], one) for one in others),
            tuple(one for name, one in true.items() if name not in {said.name for said in drafted}),
            tuple(one for one in drafted if one.name not in true and one not in truth.implied),
        )

    def lines(self) -> Iterator[str]:
        """What was found, missed and invented, for reading."""
        rows = {
            "Found": [_words(finding) for finding in self.found],
            "Another degree": [f"{_words(said)} (truth: {_value(true)})" for true, said in self.degrees],
            "Missed": [_words(finding) for finding in self.missed],
            "Invented": [_words(finding) for finding in self.invented],
        }
        for name, findings in rows.items():
            text = f"{name + ':':<16}{len(findings)}" + (f": {'; '.join(findings)}" if findings else "")
            yield from wrapped(text, hanging=" " * 16)


def findings_said(document: ReportDocument) -> frozenset[Finding]:
    """What the sentences of a document state."""
    read = finding_reader(english())
    said = plain_text(document).items()
    return grouped(finding for section, sentences in said for text in sentences for finding in read(section, text))


def true_report(seed: int, study: int, prior: Prior) -> dict[str, str]:
    """A correct report of the heart, section by section."""
    report = report_of(state_of(seed, study, prior), english(), np.random.default_rng([seed, study, 1]))
    return {name: " ".join(text_of(sentence, english()) for sentence in report.get(name, ())) for name in SECTIONS}


def side_by_side(document: ReportDocument, truth: Mapping[str, str]) -> Iterator[str]:
    """Each section in two columns: the draft, and a correct report."""
    yield _row("", "THE DRAFT", "A CORRECT REPORT")
    for section in document.sections:
        draft = section.text or _silence(section)
        columns = (
            wrapped(section.name, width=_NAME_COLUMNS),
            wrapped(draft, width=_TEXT_COLUMNS),
            wrapped(truth.get(section.name, ""), width=_TEXT_COLUMNS),
        )
        yield from (_row(*cells) for cells in zip_longest(*columns, fillvalue=""))


def _silence(section: SectionOut) -> str:
    """Why a section says nothing."""
    if not section.assessed:
        return "(not assessed: no clip shows it)"
    unseen = ", ".join(row.phenotype.replace("_", " ") for row in section.not_shown)
    return f"(nothing said: no clip shows {unseen})" if unseen else "(nothing written)"


def agreeing(phenotypes: Mapping[str, PhenotypeOut], truth: Mapping[str, float]) -> tuple[int, int]:
    """How many calls and numbers agree with the truth, and how many there are.

    A number agrees when its calibrated interval holds the truth, or where there is none its neighbours' spread.
    """
    judged = [agrees for name, row in phenotypes.items() if (agrees := _agrees(row, truth[name])) is not None]
    return sum(judged), len(judged)


def _agrees(row: PhenotypeOut, truth: float) -> bool | None:
    if row.value is None:
        return None
    if row.kind == "binary":
        return None if row.positive is None else row.positive == bool(truth)
    low, high = (row.p10, row.p90) if row.interval_low is None else (row.interval_low, row.interval_high)
    return low is not None and high is not None and low <= truth <= high


def _row(name: str, draft: str, truth: str) -> str:
    return f"{name:<{_NAME_COLUMNS}}{_GAP}{draft:<{_TEXT_COLUMNS}}{_GAP}{truth}".rstrip()


def _order(finding: Finding) -> tuple[str, str]:
    return finding.name, finding.value


def _words(finding: Finding) -> str:
    name = " ".join(word.upper() if word in _SHORT else word for word in finding.name.split("_"))
    return name if finding.value == "present" else f"{name} {_value(finding)}"


def _value(finding: Finding) -> str:
    return finding.value.replace("_", " ")
