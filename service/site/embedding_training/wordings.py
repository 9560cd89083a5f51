"""Free sentences → a report language of their own: what several patients' reports say, with numbers as typed slots.

A sentence that fewer patients share is no wording: it would be one patient's own text in the decoder's memory. A number
that belongs to no phenotype is left out of its sentence, for nothing at inference could fill it; a sentence that holds
digits all the same (several numbers, "T1") is left out, for the decoder never writes a digit.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import RetrievedSentence
from model.report.language.language import Finding, LabelRule, Language, Phrase
from service.site.embedding_training.errors import TooLittle
from service.site.embedding_training.study_table import EmbeddedReport
from service.site.embedding_training.taxonomy_file import TaxonomyFile
from service.site.reports.numberless import numberless

_NUMBER = re.compile(r"(?<![\w.,])[-+−]?\d+(?:[.,]\d+)?(?![\w.]*\d)")
_STATED = "stated"  # a wording is its own finding: sentence by sentence is all that free text can be compared by


@dataclass(frozen=True)
class Form:
    """A sentence without its number. slot, value: the number and whose it is; None where it states none."""

    template: str
    numberless: str
    slot: str | None = None
    value: float | None = None


def form_of(section: str, sentence: str, file: TaxonomyFile) -> Form | None:
    """The form of a sentence, None where it holds digits that no slot stands for, or says nothing but such a number."""
    numbers = _NUMBER.findall(sentence)
    if "<" in sentence or ">" in sentence or len(numbers) > 1:
        return None
    bare = numberless(_NUMBER.sub("<numerical>", sentence)) if numbers else sentence
    slot = file.slot_of(section, sentence) if numbers else None
    form = Form(bare, bare)
    if slot is not None:
        value = float(numbers[0].replace("−", "-").replace(",", "."))
        form = Form(_NUMBER.sub(f"<{slot}>", sentence), bare, slot, value)
    digits = any(map(str.isdecimal, form.numberless + form.template.replace(f"<{slot}>", "")))
    return None if digits or not form.template else form


@dataclass(frozen=True, eq=False)
class Wordings:
    """The language of some reports. phrases: as a bank lists them. left_out: sentences of no wording, by reason."""

    language: Language
    phrases: PhraseTable
    file: TaxonomyFile
    left_out: Mapping[str, int]
    _numbers: Mapping[tuple[str, str], int]

    def said(self, section: str, sentences: Iterable[str]) -> tuple[RetrievedSentence, ...]:
        """The sentences that are wordings, in order, with their numbers."""
        forms = (form_of(section, sentence, self.file) for sentence in sentences)
        known = ((form, self._numbers.get((section, form.template))) for form in forms if form is not None)
        return tuple(RetrievedSentence(number, form.value) for form, number in known if number is not None)

    def templates(self, said: Iterable[RetrievedSentence]) -> tuple[str, ...]:
        """What the decoder should write for them."""
        return tuple(self.phrases[sentence.phrase_id].template for sentence in said)

    def write(self, path: Path) -> None:
        """Writes the language as a phrase file; `Language.read` reads it."""
        self.language.write(path)


def wordings_of(reports: Iterable[EmbeddedReport], file: TaxonomyFile, least_patients: int) -> Wordings:
    """The language that these reports share. Raises TooLittle when they share no sentence."""
    patients: dict[tuple[str, str], set[str]] = {}
    forms: dict[tuple[str, str], Form] = {}
    uses: Counter[tuple[str, str]] = Counter()
    digits = 0
    for report in reports:
        for section, sentences in report.sections.items():
            for sentence in sentences:
                form = form_of(section, sentence, file)
                if form is None:
                    digits += 1
                    continue
                place = section, form.template
                forms.setdefault(place, form)
                patients.setdefault(place, set()).add(report.patient)
                uses[place] += 1
    shared = sorted(place for place, users in patients.items() if len(users) >= least_patients)
    if not shared:
        raise TooLittle(f"no sentence is said of {least_patients} patients, of {len(forms)} different ones")
    rare = uses.total() - sum(uses[place] for place in shared)
    left_out = {"sentences": uses.total() + digits, "with digits that no slot stands for": digits, "rare": rare}
    phrases = [_phrase(section, number, forms[section, template]) for number, (section, template) in enumerate(shared)]
    slots = {slot.name: slot for slot in file.slots()}
    language = Language(
        language=file.language,
        slots=slots,
        phrases=tuple(phrases),
        bands=(),
        labels=tuple(LabelRule(name, slot=name) for name in slots),
        contradictions=(),
        decimal_mark=file.decimal_mark,
    )
    rows = (
        PhraseRow(n, p.section, p.group, p.template, p.numberless, p.slot, p.phrase_id) for n, p in enumerate(phrases)
    )
    return Wordings(language, PhraseTable(tuple(rows)), file, left_out, {place: n for n, place in enumerate(shared)})


def _phrase(section: str, number: int, form: Form) -> Phrase:
    name = f"{section}/{number}"
    return Phrase(name, section, "own", form.template, form.numberless, (Finding(name, _STATED),))
