"""The client that waits."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import httpx

from service.client import requests as calls
from service.client.answers import Patience, outcome_of
from service.client.requests import DEFAULT_OPTIONS, Answer, Call, Post, ReportOptions
from service.documents.edition import Amendment, EditionList, FeedbackPage, ReportEdit, Signature
from service.documents.study_vectors import StudyVectors, VectorsDocument
from service.documents.traced import ContourDocument
from service.schemas import PhenotypeList, ReportDocument, StudyPhenotypes
from service.study.running_documents import InfoDocument


class EchoScribeClient:
    """Calls a service with `key`, else that of ECHOSCRIBE_KEY. Raises ServiceRefused, ServiceBusy, httpx's errors."""

    def __init__(
        self,
        base_url: str,
        *,
        key: str | None = None,
        patience_seconds: float = 600.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(**calls.connection(base_url, patience_seconds, key), transport=transport)
        self._patience_seconds = patience_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def report(self, files: Sequence[str | Path], options: ReportOptions = DEFAULT_OPTIONS) -> ReportDocument:
        """The report of one study."""
        return ReportDocument.model_validate_json(self._post(Post(files, options)).content)

    def report_text(self, files: Sequence[str | Path], options: ReportOptions = DEFAULT_OPTIONS) -> str:
        """The report of one study as plain text."""
        return self._post(Post(files, options, accept="text/plain")).text

    def report_as(self, files: Sequence[str | Path], form: str, options: ReportOptions = DEFAULT_OPTIONS) -> bytes:
        """The report of one study in a format by its short name: html, pdf, fhir, sr, text or json."""
        return self._post(calls.post_as(files, form, options)).content

    def wait_as(self, study_id: str, form: str) -> bytes:
        """The report of a study in a format, waited for."""
        return self._call(calls.report_as_call(study_id, form))

    def embeddings(self, files: Sequence[str | Path]) -> StudyVectors:
        """The vectors of one study, where the service gives them out."""
        response = self._post(Post(files, path="/embeddings"))
        return StudyVectors.of_document(VectorsDocument.model_validate_json(response.content))

    def submit(self, files: Sequence[str | Path], options: ReportOptions = DEFAULT_OPTIONS) -> str:
        """The id of a study that was accepted; `wait` gets its report."""
        response = self._post(Post(files, options, respond_async=True))
        return str(response.json()["study_id"])

    def wait(self, study_id: str) -> ReportDocument:
        """The report of a study, waited for."""
        return self._call(calls.report_call(study_id))

    def contours(self, study_id: str) -> ContourDocument:
        """The outlines that a study's measurements rest on, waited for."""
        return self._call(calls.contours_call(study_id))

    def phenotypes(self, *, limit: int = 20, after: str | None = None) -> PhenotypeList:
        """A page of studies with their phenotypes, newest first."""
        return self._call(calls.phenotypes_call(limit, after))

    def study_phenotypes(self, study_id: str) -> StudyPhenotypes:
        """The phenotypes of one study."""
        return self._call(calls.study_phenotypes_call(study_id))

    def info(self) -> InfoDocument:
        """What is running."""
        return self._call(calls.info_call())

    def edit(self, study_id: str, edit: ReportEdit) -> ReportDocument:
        """The report with a person's changes, as a new version."""
        return self._call(calls.edit_call(study_id, edit))

    def sign(self, study_id: str, signature: Signature) -> ReportDocument:
        """The newest version, made final."""
        return self._call(calls.sign_call(study_id, signature))

    def amend(self, study_id: str, amendment: Amendment) -> ReportDocument:
        """A new draft of what is final."""
        return self._call(calls.amend_call(study_id, amendment))

    def versions(self, study_id: str) -> EditionList:
        """Every version with what it changed of the one before."""
        return self._call(calls.versions_call(study_id))

    def version(self, study_id: str, number: int) -> ReportDocument:
        """One version of a report; 0 is the machine's draft."""
        return self._call(calls.report_call(study_id, number))

    def feedback(self, *, limit: int = 20, after: str | None = None) -> FeedbackPage:
        """A page of signed reports beside their drafts, where the service gives them out."""
        return self._call(calls.feedback_call(limit, after))

    def _post(self, post: Post) -> httpx.Response:
        headers, patience = post.headers(), Patience(self._patience_seconds)
        while True:
            with calls.form_of(post.files) as form:
                response = self._http.post(post.path, files=form, data=post.options.fields(), headers=headers)
            if post.respond_async and response.status_code == 202:
                return response
            outcome = outcome_of(response)
            if isinstance(outcome, httpx.Response):
                return outcome
            time.sleep(patience.next_pause(outcome))

    def _call(self, call: Call[Answer]) -> Answer:
        patience = Patience(self._patience_seconds)
        while True:
            response = self._http.request(call.method, call.path, params=call.params, json=call.json)
            outcome = outcome_of(response)
            if isinstance(outcome, httpx.Response):
                return call.read(outcome)
            time.sleep(patience.next_pause(outcome))
