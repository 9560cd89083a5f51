"""Headers of every answer that tell a browser what it may not do with it (OWASP Secure Headers Project)."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders

# Answers are data: nothing in them is run, loaded, framed or sent on. The one page of ours has styles in its text.
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY: Final = f"{_NOTHING}; style-src 'unsafe-inline'"
_ALWAYS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_UNLESS_SET: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _NOTHING,
    "Cache-Control": "no-store",  # answers are about a patient
}


def protect(headers: MutableHeaders) -> None:
    """Adds the headers."""
    for name, value in _ALWAYS.items():
        headers[name] = value
    for name, value in _UNLESS_SET.items():
        headers.setdefault(name, value)
