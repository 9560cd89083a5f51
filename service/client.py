"""A typed client of the service, sync and async: posts studies, waits for them, and tries again when it is busy.

File names stay here: files are sent by position. Both clients share every decision; only the waiting differs.
"""

import asyncio
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

import httpx

from service.client_answers import ClientError, Patience, ServiceBusy, ServiceRefused, outcome_of
from service.documents.study_vectors import StudyVectors, VectorsDocument
from service.documents.traced import ContourDocument
from service.schemas import InfoDocument, Mode, PhenotypeList, ReportDocument, StudyPhenotypes

__all__ = ["AsyncEchoScribeClient", "ClientError", "EchoScribeClient", "ReportOptions", "ServiceBusy", "ServiceRefused"]
_Transport = httpx.BaseTransport | None
_AsyncTransport = httpx.AsyncBaseTransport | None


@dataclass(frozen=True)
class ReportOptions:
    """What a post may choose; None leaves the choice to the service."""

    mode: Mode | None = None
    k: int | None = None
    lang: str | None = None
    patient_key: str | None = None
    include_prior: bool = False
    samples: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    seed: int | None = None

    def fields(self) -> dict[str, str]:
        """The form fields."""
        names = ("mode", "k", "lang", "patient_key", "samples", "temperature", "top_k", "seed")
        chosen = ((name, getattr(self, name)) for name in names)
        fields = {name: str(value) for name, value in chosen if value is not None}
        return fields | ({"include_prior": "true"} if self.include_prior else {})


@contextmanager
def _form(files: Sequence[str | Path]) -> Iterator[list[tuple[str, tuple[str, IO[bytes]]]]]:
    """The files of a form, open, named by position; folders are taken with all their files."""
    given = [Path(path) for path in files]
    paths = [inner for path in given for inner in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    with ExitStack() as opened:
        yield [
            ("files", (f"clip-{position}", opened.enter_context(path.open("rb"))))
            for position, path in enumerate((path for path in paths if path.is_file()), start=1)
        ]


def _post_headers(*, accept: str) -> dict[str, str]:
    """An idempotency key of its own per post, so that a try whose answer got lost is not run twice."""
    return {"Accept": accept, "Idempotency-Key": str(uuid.uuid4())}


def _page(limit: int, after: str | None) -> dict[str, str | int]:
    return {"limit": limit} | ({"after": after} if after else {})


def _connection(base_url: str, timeout: float, key: str | None) -> dict[str, Any]:
    key = key or os.environ.get("ECHOSCRIBE_KEY")
    return {"base_url": base_url, "timeout": timeout, "headers": {"Authorization": f"Bearer {key}"} if key else {}}


class EchoScribeClient:
    """Calls a service with `key`, else that of ECHOSCRIBE_KEY. Raises ServiceRefused, ServiceBusy, httpx's errors."""

    def __init__(
        self, base_url: str, *, key: str | None = None, patience_seconds: float = 600.0, transport: _Transport = None
    ) -> None:
        self._http = httpx.Client(**_connection(base_url, patience_seconds, key), transport=transport)
        self._patience_seconds = patience_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def report(self, files: Sequence[str | Path], options: ReportOptions = ReportOptions()) -> ReportDocument:
        """The report of one study."""
        return ReportDocument.model_validate_json(self._post(files, options, accept="application/json").content)

    def report_text(self, files: Sequence[str | Path], options: ReportOptions = ReportOptions()) -> str:
        """The report of one study as plain text."""
        return self._post(files, options, accept="text/plain").text

    def report_as(self, files: Sequence[str | Path], form: str, options: ReportOptions = ReportOptions()) -> bytes:
        """The report of one study in a format by its short name: html, pdf, fhir, sr, text or json."""
        return self._post(files, options, accept="*/*", path=f"/report?format={quote(form)}").content

    def wait_as(self, study_id: str, form: str) -> bytes:
        """The report of a study in a format, waited for."""
        return self._get(f"/report/{study_id}", {"format": form}).content

    def embeddings(self, files: Sequence[str | Path]) -> StudyVectors:
        """The vectors of one study, where the service gives them out."""
        response = self._post(files, ReportOptions(), accept="application/json", path="/embeddings")
        return StudyVectors.of_document(VectorsDocument.model_validate_json(response.content))

    def submit(self, files: Sequence[str | Path], options: ReportOptions = ReportOptions()) -> str:
        """The id of a study that was accepted; `wait` gets its report."""
        return str(self._post(files, options, accept="application/json", respond_async=True).json()["study_id"])

    def wait(self, study_id: str) -> ReportDocument:
        """The report of a study, waited for."""
        return ReportDocument.model_validate_json(self._get(f"/report/{study_id}").content)

    def contours(self, study_id: str) -> ContourDocument:
        """The outlines that a study's measurements rest on, waited for."""
        return ContourDocument.model_validate_json(self._get(f"/report/{study_id}/contours").content)

    def phenotypes(self, *, limit: int = 20, after: str | None = None) -> PhenotypeList:
        """A page of studies with their phenotypes, newest first."""
        return PhenotypeList.model_validate_json(self._get("/phenotypes", _page(limit, after)).content)

    def study_phenotypes(self, study_id: str) -> StudyPhenotypes:
        """The phenotypes of one study."""
        return StudyPhenotypes.model_validate_json(self._get(f"/phenotypes/{study_id}").content)

    def info(self) -> InfoDocument:
        """What is running."""
        return InfoDocument.model_validate_json(self._get("/info").content)

    def _post(
        self,
        files: Sequence[str | Path],
        options: ReportOptions,
        *,
        accept: str,
        respond_async: bool = False,
        path: str = "/report",
    ) -> httpx.Response:
        headers = _post_headers(accept=accept) | ({"Prefer": "respond-async"} if respond_async else {})
        patience = Patience(self._patience_seconds)
        while True:
            with _form(files) as form:
                response = self._http.post(path, files=form, data=options.fields(), headers=headers)
            if respond_async and response.status_code == 202:
                return response
            outcome = outcome_of(response)
            if isinstance(outcome, httpx.Response):
                return outcome
            time.sleep(patience.next_pause(outcome))

    def _get(self, path: str, params: dict[str, str | int] | None = None) -> httpx.Response:
        patience = Patience(self._patience_seconds)
        while True:
            outcome = outcome_of(self._http.get(path, params=params))
            if isinstance(outcome, httpx.Response):
                return outcome
            time.sleep(patience.next_pause(outcome))


class AsyncEchoScribeClient:
    """The same for asyncio."""

    def __init__(
        self,
        base_url: str,
        *,
        key: str | None = None,
        patience_seconds: float = 600.0,
        transport: _AsyncTransport = None,
    ) -> None:
        self._http = httpx.AsyncClient(**_connection(base_url, patience_seconds, key), transport=transport)
        self._patience_seconds = patience_seconds

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def report(self, files: Sequence[str | Path], options: ReportOptions = ReportOptions()) -> ReportDocument:
        """The report of one study."""
        return ReportDocument.model_validate_json((await self._post(files, options, accept="application/json")).content)

    async def report_text(self, files: Sequence[str | Path], options: ReportOptions = ReportOptions()) -> str:
        """The report of one study as plain text."""
        return (await self._post(files, options, accept="text/plain")).text

    async def report_as(
        self, files: Sequence[str | Path], form: str, options: ReportOptions = ReportOptions()
    ) -> bytes:
        """The report of one study in a format by its short name: html, pdf, fhir, sr, text or json."""
        return (await self._post(files, options, accept="*/*", path=f"/report?format={quote(form)}")).content

    async def wait_as(self, study_id: str, form: str) -> bytes:
        """The report of a study in a format, waited for."""
        return (await self._get(f"/report/{study_id}", {"format": form})).content

    async def embeddings(self, files: Sequence[str | Path]) -> StudyVectors:
        """The vectors of one study, where the service gives them out."""
        response = await self._post(files, ReportOptions(), accept="application/json", path="/embeddings")
        return StudyVectors.of_document(VectorsDocument.model_validate_json(response.content))

    async def submit(self, files: Sequence[str | Path], options: ReportOptions = ReportOptions()) -> str:
        """The id of a study that was accepted; `wait` gets its report."""
        response = await self._post(files, options, accept="application/json", respond_async=True)
        return str(response.json()["study_id"])

    async def wait(self, study_id: str) -> ReportDocument:
        """The report of a study, waited for."""
        return ReportDocument.model_validate_json((await self._get(f"/report/{study_id}")).content)

    async def contours(self, study_id: str) -> ContourDocument:
        """The outlines that a study's measurements rest on, waited for."""
        return ContourDocument.model_validate_json((await self._get(f"/report/{study_id}/contours")).content)

    async def phenotypes(self, *, limit: int = 20, after: str | None = None) -> PhenotypeList:
        """A page of studies with their phenotypes, newest first."""
        return PhenotypeList.model_validate_json((await self._get("/phenotypes", _page(limit, after))).content)

    async def study_phenotypes(self, study_id: str) -> StudyPhenotypes:
        """The phenotypes of one study."""
        return StudyPhenotypes.model_validate_json((await self._get(f"/phenotypes/{study_id}")).content)

    async def info(self) -> InfoDocument:
        """What is running."""
        return InfoDocument.model_validate_json((await self._get("/info")).content)

    async def _post(
        self,
        files: Sequence[str | Path],
        options: ReportOptions,
        *,
        accept: str,
        respond_async: bool = False,
        path: str = "/report",
    ) -> httpx.Response:
        headers = _post_headers(accept=accept) | ({"Prefer": "respond-async"} if respond_async else {})
        patience = Patience(self._patience_seconds)
        while True:
            with _form(files) as form:
                response = await self._http.post(path, files=form, data=options.fields(), headers=headers)
            if respond_async and response.status_code == 202:
                return response
            outcome = outcome_of(response)
            if isinstance(outcome, httpx.Response):
                return outcome
            await asyncio.sleep(patience.next_pause(outcome))

    async def _get(self, path: str, params: dict[str, Any] | None = None) -> httpx.Response:
        patience = Patience(self._patience_seconds)
        while True:
            outcome = outcome_of(await self._http.get(path, params=params))
            if isinstance(outcome, httpx.Response):
                return outcome
            await asyncio.sleep(patience.next_pause(outcome))
