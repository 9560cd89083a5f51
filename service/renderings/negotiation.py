"""Which rendering of a report a client gets. A new format adds one line to the table.

What writes HTML, PDF, FHIR and DICOM is imported when it is first asked for: highdicom alone takes a second that
starting the service must not (LOG 2026-11-30).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from service.errors import NotAcceptable, UnknownLanguage
from service.renderings.report_text import report_text
from service.schemas import ReportDocument, answer_json


@dataclass(frozen=True)
class Rendering:
    """A format of a report, by its short name and its media type, and how a report becomes its bytes.

    is_page: shown by a browser, which must be told what it may do (`html_page.POLICY`). suffix: of a file's name.
    """

    name: str
    media_type: str
    render: Callable[[ReportDocument], bytes]
    suffix: str
    is_page: bool = False


def _late(module: str, function: str, document: ReportDocument) -> bytes:
    """The bytes, or the UTF-8 of the text, of a function that is imported now."""
    made: bytes | str = getattr(import_module(f"service.renderings.{module}"), function)(document)
    return made.encode() if isinstance(made, str) else made


# Preferred first: what a client gets that accepts anything.
RENDERINGS = (
    Rendering("json", "application/json", lambda document: answer_json(document).encode(), ".json"),
    Rendering("text", "text/plain", lambda document: report_text(document).encode(), ".txt"),
    Rendering("html", "text/html", partial(_late, "html_page", "report_html"), ".html", is_page=True),
    Rendering("pdf", "application/pdf", partial(_late, "pdf.document", "report_pdf"), ".pdf"),
    Rendering("fhir", "application/fhir+json", partial(_late, "fhir.bundle", "report_fhir"), ".fhir.json"),
    Rendering("sr", "application/dicom", partial(_late, "dicom_sr.document", "report_sr"), ".dcm"),
)
FORMATS = tuple(rendering.name for rendering in RENDERINGS)


def choose_rendering(accept: str | None, asked: Sequence[str] = ()) -> Rendering:
    """The rendering that `format` asks for by name, else the one that an Accept header does. Raises NotAcceptable."""
    if asked:
        return rendering_named(asked[0] if len(set(asked)) == 1 else "")
    by_type = {rendering.media_type: rendering for rendering in RENDERINGS}
    return by_type[choose_media_type(accept, list(by_type))]


def rendering_named(name: str) -> Rendering:
    """The rendering of a short name. Raises NotAcceptable naming those that there are."""
    found = {rendering.name: rendering for rendering in RENDERINGS}.get(name)
    if found is None:
        # which one was asked for is not said: it is the client's text
        raise NotAcceptable(f"format: there are {', '.join(FORMATS)}", field="format")
    return found


def choose_media_type(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type that fits an Accept header best, the first of equals (RFC 9110 section 12.5.1).

    Raises NotAcceptable when none fits.
    """
    ranges = _media_ranges(accept or "*/*")
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    if _quality(best, ranges) <= 0:
        raise NotAcceptable(f"Accept: there are {', '.join(offered)}", field="Accept")
    return best


def _media_ranges(accept: str) -> dict[str, float]:
    """Media range → quality; a range whose quality cannot be read counts fully."""
    ranges: dict[str, float] = {}
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weights = [value.removeprefix("q=") for value in parameters if value.startswith("q=")]
        try:
            ranges[name] = min(1.0, max(0.0, float(weights[0]))) if weights else 1.0
        except ValueError:
            ranges[name] = 1.0
    return ranges


def _quality(media_type: str, ranges: Mapping[str, float]) -> float:
    """Quality by the most specific range that fits; 0 where none does."""
    for candidate in (media_type, media_type.split("/", maxsplit=1)[0] + "/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 0.0


def choose_language(asked: str | None, accept_language: str | None, available: Sequence[str]) -> str:
    """The language that was asked for by name, else the one that an Accept-Language header prefers (RFC 9110, 12.5.4).

    Where the header names none of them it is the first: a reader who prefers French gets a report all the same.
    Raises UnknownLanguage when the name is none of them.
    """
    if asked is not None:
        if asked not in available:
            # which one was asked for is not said: it is the client's text
            raise UnknownLanguage(f"lang: reports are written in {', '.join(available)}", field="lang")
        return asked
    ranges = _media_ranges(accept_language or "*")
    # de-CH is content with de: who asks for a dialect is better served by the language than by another one
    spoken = {tag: [q for name, q in ranges.items() if name.split("-")[0] == tag.split("-")[0]] for tag in available}
    return max(available, key=lambda tag: max(spoken[tag], default=ranges.get("*", 0.0)))


def prefers_async(prefer: str | None) -> bool:
    """True when a Prefer header asks for `respond-async` (RFC 7240 section 4.1)."""
    tokens = (part.split(";")[0].strip().lower() for part in (prefer or "").split(","))
    return "respond-async" in tokens
