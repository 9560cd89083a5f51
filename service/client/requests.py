"""What both clients send, and how each answer is read. File names stay here: files are sent by position."""

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Generic, TypeVar
from urllib.parse import quote

import httpx

from service.documents.document import Document
from service.documents.edition import Amendment, EditionList, FeedbackPage, ReportEdit, Signature
from service.documents.traced import ContourDocument
from service.schemas import Mode, PhenotypeList, ReportDocument, StudyPhenotypes
from service.study.running_documents import InfoDocument

Answer = TypeVar("Answer")
_Kind = TypeVar("_Kind", bound=Document)


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


DEFAULT_OPTIONS: Final = ReportOptions()


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """A call without files, and what reads its answer."""

    method: str
    path: str
    read: Callable[[httpx.Response], Answer]
    params: Mapping[str, str | int] | None = None
    json: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Post:
    """A study to post."""

    files: Sequence[str | Path]
    options: ReportOptions = DEFAULT_OPTIONS
    accept: str = "application/json"
    respond_async: bool = False
    path: str = "/report"

    def headers(self) -> dict[str, str]:
        """With an idempotency key of its own, so that a try whose answer got lost is not run twice."""
        headers = {"Accept": self.accept, "Idempotency-Key": str(uuid.uuid4())}
        return headers | ({"Prefer": "respond-async"} if self.respond_async else {})


def document(kind: type[_Kind]) -> Callable[[httpx.Response], _Kind]:
    """What reads a document of a kind."""
    return lambda response: kind.model_validate_json(response.content)


def report_call(study_id: str, version: int | None = None) -> Call[ReportDocument]:
    """A report, or one of its versions."""
    path = f"/report/{study_id}" if version is None else f"/report/{study_id}/versions/{version}"
    return Call("GET", path, document(ReportDocument))


def report_as_call(study_id: str, form: str) -> Call[bytes]:
    """A report in a format by its short name."""
    return Call("GET", f"/report/{study_id}", lambda response: response.content, {"format": form})


def post_as(files: Sequence[str | Path], form: str, options: ReportOptions) -> Post:
    """A study to post for its report in a format."""
    return Post(files, options, accept="*/*", path=f"/report?format={quote(form)}")


def contours_call(study_id: str) -> Call[ContourDocument]:
    """The outlines of a report."""
    return Call("GET", f"/report/{study_id}/contours", document(ContourDocument))


def phenotypes_call(limit: int, after: str | None) -> Call[PhenotypeList]:
    """A page of studies."""
    return Call("GET", "/phenotypes", document(PhenotypeList), _page(limit, after))


def study_phenotypes_call(study_id: str) -> Call[StudyPhenotypes]:
    """The phenotypes of a study."""
    return Call("GET", f"/phenotypes/{study_id}", document(StudyPhenotypes))


def info_call() -> Call[InfoDocument]:
    """What is running."""
    return Call("GET", "/info", document(InfoDocument))


def edit_call(study_id: str, edit: ReportEdit) -> Call[ReportDocument]:
    """A person's changes."""
    return Call("PATCH", f"/report/{study_id}", document(ReportDocument), json=edit.model_dump())


def sign_call(study_id: str, signature: Signature) -> Call[ReportDocument]:
    """A signature."""
    return Call("POST", f"/report/{study_id}/signature", document(ReportDocument), json=signature.model_dump())


def amend_call(study_id: str, amendment: Amendment) -> Call[ReportDocument]:
    """An amendment."""
    return Call("POST", f"/report/{study_id}/amendment", document(ReportDocument), json=amendment.model_dump())


def versions_call(study_id: str) -> Call[EditionList]:
    """Every version of a report."""
    return Call("GET", f"/report/{study_id}/versions", document(EditionList))


def feedback_call(limit: int, after: str | None) -> Call[FeedbackPage]:
    """A page of signed reports."""
    return Call("GET", "/feedback", document(FeedbackPage), _page(limit, after))


@contextmanager
def form_of(files: Sequence[str | Path]) -> Iterator[list[tuple[str, tuple[str, IO[bytes]]]]]:
    """The files of a form, open, named by position; folders are taken with all their files."""
    given = [Path(path) for path in files]
    paths = [inner for path in given for inner in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    with ExitStack() as opened:
        yield [
            ("files", (f"clip-{position}", opened.enter_context(path.open("rb"))))
            for position, path in enumerate((path for path in paths if path.is_file()), start=1)
        ]


def connection(base_url: str, timeout: float, key: str | None) -> dict[str, Any]:
    """What httpx is given: the address, and a key, else that of ECHOSCRIBE_KEY."""
    key = key or os.environ.get("ECHOSCRIBE_KEY")
    return {"base_url": base_url, "timeout": timeout, "headers": {"Authorization": f"Bearer {key}"} if key else {}}


def _page(limit: int, after: str | None) -> dict[str, str | int]:
    return {"limit": limit} | ({"after": after} if after else {})
