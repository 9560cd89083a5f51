"""Which rendering of a report a client gets. A new format adds one line to the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from service.errors import NotAcceptable, UnknownLanguage
from service.renderings.report_text import report_text
from service.schemas import ReportDocument, answer_json


@dataclass(frozen=True)
class Rendering:
    """A media type and how a report becomes its bytes."""

    media_type: str
    render: Callable[[ReportDocument], bytes]


# Preferred first: what a client gets that accepts anything.
RENDERINGS = (
    Rendering("application/json", lambda document: answer_json(document).encode()),
    Rendering("text/plain", lambda document: report_text(document).encode()),
)


def choose_rendering(accept: str | None) -> Rendering:
    """The rendering that an Accept header asks for. Raises NotAcceptable."""
    by_type = {rendering.media_type: rendering for rendering in RENDERINGS}
    return by_type[choose_media_type(accept, list(by_type))]


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
