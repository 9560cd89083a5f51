"""What is done to a kept report: read a version, edit, sign, amend, list. Calls wait for the store."""

from dataclasses import dataclass
from itertools import pairwise

from service.access.caller import Caller
from service.documents.edition import Amendment, EditionChanges, EditionList, FeedbackPage, ReportEdit, Signature
from service.editing.applying import changes_between, feedback_of, with_edition
from service.editing.edition import Edition, draft_of
from service.editing_errors import UnknownVersion
from service.errors import UnknownStudy
from service.problem import Problem
from service.schemas import ReportDocument
from service.store.results import ResultStore
from service.store.row_reading import iso_utc
from service.telemetry import log_event


@dataclass(frozen=True)
class EditingDesk:
    """The versions of the reports in a store."""

    store: ResultStore

    def newest(self, document: ReportDocument) -> ReportDocument:
        """A kept report as people left it."""
        return with_edition(document, self.store.editions.newest(document.study_id))

    def version(self, study_id: str, number: int, tenant: str) -> ReportDocument:
        """One version of a report. Raises UnknownStudy or UnknownVersion."""
        draft = self._draft(study_id, tenant)
        if number == 0:
            return draft
        for edition in self.store.editions.of(study_id):
            if edition.number == number:
                return with_edition(draft, edition)
        raise UnknownVersion(f"version: this report has no version {number}", field="version")

    def versions(self, study_id: str, tenant: str) -> EditionList:
        """Every version with what it changed of the one before. Raises UnknownStudy."""
        draft = self._draft(study_id, tenant)
        editions = [draft_of(draft.created), *self.store.editions.of(study_id)]
        documents = [draft, *(with_edition(draft, edition) for edition in editions[1:])]
        changes = [[], *(changes_between(before, after) for before, after in pairwise(documents))]
        shown = [
            EditionChanges(edition=edition.out(), changes=change)
            for edition, change in zip(editions, changes, strict=True)
        ]
        return EditionList(study_id=study_id, versions=shown)

    def edit(self, study_id: str, edit: ReportEdit, caller: Caller) -> ReportDocument:
        """The report with a person's changes, as a new draft version. Raises RequestError."""
        draft, base = self._base(study_id, caller)
        names = [section.name for section in draft.sections]
        return self._kept(draft, base.edited(edit, caller.key_id, names))

    def sign(self, study_id: str, signature: Signature, caller: Caller) -> ReportDocument:
        """The newest version, made final. Raises RequestError."""
        draft, base = self._base(study_id, caller)
        return self._kept(draft, base.signed(signature, caller.key_id))

    def amend(self, study_id: str, amendment: Amendment, caller: Caller) -> ReportDocument:
        """A new draft of what is final. Raises RequestError."""
        draft, base = self._base(study_id, caller)
        return self._kept(draft, base.amended(amendment, caller.key_id))

    def feedback(self, *, limit: int, after: str | None, tenant: str) -> FeedbackPage:
        """Signed versions beside the drafts that they were made of, newest first. Raises UnknownStudy."""
        place = None if after is None else self._place(after, tenant)
        found = self.store.editions.signed(limit=limit + 1, after=place, tenant=tenant)
        page = found[:limit]
        shown = [feedback_of(self._draft(study_id, tenant), edition) for study_id, edition in page]
        more = f"{page[-1][0]}.{page[-1][1].number}" if len(found) > limit else None
        return FeedbackPage(signed=shown, next=more)

    def _place(self, after: str, tenant: str) -> tuple[str, str]:
        """Where the page after a version begins; `after` is its study and its number."""
        study_id, _, number = after.rpartition(".")
        self._draft(study_id, tenant)
        for edition in self.store.editions.of(study_id):
            if str(edition.number) == number:
                return iso_utc(edition.created), study_id
        raise UnknownVersion("after: no such version", field="after")

    def _base(self, study_id: str, caller: Caller) -> tuple[ReportDocument, Edition]:
        draft = self._draft(study_id, caller.tenant)
        return draft, self.store.editions.newest(study_id) or draft_of(draft.created)

    def _kept(self, draft: ReportDocument, edition: Edition) -> ReportDocument:
        self.store.editions.add(draft.study_id, edition)
        log_event("report_changed", study_id=draft.study_id, version=edition.number, state=edition.state)
        return with_edition(draft, edition)

    def _draft(self, study_id: str, tenant: str) -> ReportDocument:
        """The machine's draft. Raises UnknownStudy where there is none to change."""
        found = self.store.find(study_id, tenant)
        if found is None or isinstance(found, Problem):
            raise UnknownStudy("study_id: no answered study of this id", field="study_id")
        return found
