"""A version of a report as a document: the machine's draft with what people changed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from model.report.clinical_text.sentences import split_sentences
from service.documents.edition import SectionChange, SignedFeedback
from service.documents.traced import TracedMeasurement
from service.editing.edition import Edition
from service.renderings.measured import told_by_measurements
from service.renderings.page_words import words_of
from service.schemas import ImpressionStatement, PhenotypeOut, ReportDocument, SectionOut, SentenceOut

SECTION_EDITED: Final = "section_edited"  # reason of a phenotype, and of a measurement that is not stated


def with_edition(document: ReportDocument, edition: Edition | None) -> ReportDocument:
    """The document as the version has it; untouched where nobody has changed it.

    A sentence that the draft has too keeps where it came from; any other one is `written`, by a person. The machine's
    numbers and calls of an edited section no longer stand: they may speak against what the person wrote. A measurement
    names no section, so once one was edited only those stand that a section that was not edited states.
    """
    if edition is None:
        return document
    sections = [_section(section, edition, document.lang) for section in document.sections]
    edited = {section.name for section in sections if section.edited}
    changed: dict[str, object] = {
        "edition": edition.out(),
        "sections": sections,
        "measurements": [row for row in document.measurements if row.section not in edited],
        "phenotypes": {
            name: _withdrawn(row) if row.section in edited else row for name, row in document.phenotypes.items()
        },
    }
    if edition.impression is not None:
        changed["impression"] = list(_statements(document, edition.impression))
    if edition.signed_by is not None:
        final = words_of(document.lang).final_notice
        notice = final.format(name=edition.signed_by, when=f"{edition.created:%Y-%m-%d %H:%M}")
        changed["draft_notice"] = " ".join([notice, *_demonstration(document)])
    shown = document.model_copy(update=changed)
    return shown.model_copy(update={"traced": list(_still_told(shown))}) if edited else shown


def _still_told(shown: ReportDocument) -> Iterator[TracedMeasurement]:
    told = told_by_measurements(shown)
    for row in shown.traced:
        stands = not row.stated or (row.phenotype or row.name) in told
        yield row if stands else row.model_copy(update={"stated": False, "reason": SECTION_EDITED})


def _demonstration(document: ReportDocument) -> Iterator[str]:
    """A signature makes no patient of a rendered heart."""
    if document.status == "demonstration":
        yield words_of(document.lang).demonstration_notice


def _section(section: SectionOut, edition: Edition, lang: str) -> SectionOut:
    text = edition.sections.get(section.name)
    if text is None or text == section.text:
        return section
    known = {sentence.text: sentence for sentence in section.sentences}
    sentences = [known.get(said) or _written(said, lang) for said in split_sentences(text)]
    return section.model_copy(
        update={"text": text, "sentences": sentences, "edited": True, "not_shown": [], "views": []}
    )


def _withdrawn(row: PhenotypeOut) -> PhenotypeOut:
    """An estimate that is no part of the report any more."""
    nothing = dict.fromkeys(("value", "p10", "p90", "positive", "probability", "interval_low", "interval_high"))
    return row.model_copy(update={**nothing, "reason": SECTION_EDITED})


def _written(text: str, lang: str) -> SentenceOut:
    return SentenceOut(text=text, source="written", candidate_ids=[], lang=lang)


def _statements(document: ReportDocument, texts: Iterable[str]) -> Iterator[ImpressionStatement]:
    known = {statement.text: statement for statement in document.impression}
    for text in texts:
        yield known.get(text) or ImpressionStatement(text=text, kind="written", rests_on=[], lang=document.lang)


def changes_between(before: ReportDocument, after: ReportDocument) -> list[SectionChange]:
    """Sentences and statements that are in one and not in the other, per section; none where all are equal."""
    old = {section.name: [sentence.text for sentence in section.sentences] for section in before.sections}
    found = [
        _change(section.name, old.get(section.name, []), [sentence.text for sentence in section.sentences])
        for section in after.sections
    ]
    found.append(_change(None, [row.text for row in before.impression], [row.text for row in after.impression]))
    return [change for change in found if change.removed or change.added]


def _change(section: str | None, before: Sequence[str], after: Sequence[str]) -> SectionChange:
    removed = [text for text in before if text not in after]
    return SectionChange(section=section, removed=removed, added=[text for text in after if text not in before])


def feedback_of(draft: ReportDocument, edition: Edition) -> SignedFeedback:
    """What a signed version made of the machine's draft."""
    final = with_edition(draft, edition)
    bundle, sha256 = (draft.provenance.get(name) for name in ("bundle", "bundle_sha256"))
    return SignedFeedback(
        study_id=draft.study_id,
        created=draft.created,
        signed=edition.created,
        mode=draft.mode,
        lang=draft.lang,
        bundle=None if bundle is None else str(bundle),
        bundle_sha256=None if sha256 is None else str(sha256),
        draft={section.name: section.text for section in draft.sections},
        final={section.name: section.text for section in final.sections},
        draft_impression=[statement.text for statement in draft.impression],
        final_impression=[statement.text for statement in final.impression],
        changes=changes_between(draft, final),
    )
