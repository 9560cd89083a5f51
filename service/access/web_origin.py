"""Against a browser that is made to call: names that the service answers to, and posts from another site's page.

A page of another site can reach a service on this machine. It cannot read the answers (no CORS headers are sent),
unless its own name is made to point here (DNS rebinding), and it can post. So the name is checked, and so is where a
post comes from (as Go's net/http CrossOriginProtection does).
"""

import ipaddress
import re
import socket
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from service.errors import CrossSite, HostRefused

_SAFE_METHODS: Final = {"GET", "HEAD", "OPTIONS"}  # RFC 9110 section 9.2.1
_OWN: Final = {"same-origin", "none"}  # none: the user typed the address (Fetch Metadata, section 2.4)
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:[0-9]{1,5})?", re.ASCII)
_LOCAL_NAMES: Final = frozenset({"localhost"})


def host_names(listed: str) -> frozenset[str]:
    """Names of a comma-separated list, lower case, with those of this machine."""
    return _LOCAL_NAMES | {name.strip().lower().rstrip(".") for name in listed.split(",") if name.strip()}


def require_own_host(host: str | None, names: frozenset[str]) -> None:
    """Raises HostRefused for a name that is not listed. Addresses pass: only a name can be made to point elsewhere."""
    found = _HOST.fullmatch(host or "")
    name = found[1].lower().rstrip(".") if found else ""
    if found and (name in names or _is_address(name.strip("[]"))):
        return
    raise HostRefused(
        "Host: the service does not answer to this name; ECHOSCRIBE_ALLOWED_HOSTS lists more", field="Host"
    )


def require_same_site(method: str, headers: Mapping[str, str]) -> None:
    """Raises CrossSite for a call that changes something and that a page of another site makes."""
    if method in _SAFE_METHODS:
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    same = origin is None or _host_of(origin) == headers.get("host", "").lower()
    if not (same if site is None else site in _OWN):
        raise CrossSite("Origin: a page of another site may not post here", field="Origin")


def is_loopback(host: str) -> bool:
    """Whether a service that listens on this address can be reached from this machine alone."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(str(place[4][0])).is_loopback for place in found)


def _host_of(origin: str) -> str | None:
    """Name and port of an Origin header; None for `null` and for what is no origin."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
