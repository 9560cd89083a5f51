"""API keys: what is kept of one, how its text is made, and how a text is told from another.

The secret has 256 random bits, so a plain SHA-256 is enough: slow hashes protect what people can remember (OWASP
Password Storage Cheat Sheet; NIST SP 800-63B 5.1.2.2 for look-up secrets of 112 bits and more).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from service.access.caller import Caller, Scope
from service.errors import InvalidField

_SECRET_BYTES: Final = 32
_ID_BYTES: Final = 4
_TEXT: Final = re.compile(r"scribe_([0-9a-f]{8})_([\w-]{43})", re.ASCII)
_NOBODYS: Final = hashlib.sha256(
    b""
).hexdigest()  # compared with where there is no such key, so that time tells nothing
TENANT: Final = r"[a-z0-9][a-z0-9_-]{0,31}"
MOST_LABEL_CHARACTERS: Final = 60


class Key(BaseModel):
    """What is kept of a key; never its secret. label: which system holds it, for the operator's eyes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
    tenant: Annotated[str, Field(pattern=f"^{TENANT}$")]
    scopes: tuple[Scope, ...]
    label: Annotated[str, Field(max_length=MOST_LABEL_CHARACTERS)] = ""
    created: datetime
    revoked: datetime | None = None

    @property
    def caller(self) -> Caller:
        """Who calls with it."""
        return Caller(self.id, self.tenant, frozenset(self.scopes))


def new_key(tenant: str, scopes: tuple[Scope, ...], label: str) -> tuple[Key, str]:
    """A key and its text, which is shown once. Raises InvalidField."""
    if not re.fullmatch(TENANT, tenant):
        text = f"tenant: {tenant!r} must be 1 to 32 lower-case letters, digits, - and _, not beginning with - or _"
        raise InvalidField(text, field="tenant", limit=32)
    if not scopes:
        raise InvalidField("scope: a key needs at least one of submit, read, sign, admin", field="scope")
    if len(label) > MOST_LABEL_CHARACTERS or not label.isprintable():
        text = f"label: must be at most {MOST_LABEL_CHARACTERS} printable characters"
        raise InvalidField(text, field="label", limit=MOST_LABEL_CHARACTERS)
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    kept = sorted(set(scopes))
    key = Key(
        id=key_id, sha256=_digest(secret), tenant=tenant, scopes=tuple(kept), label=label, created=datetime.now(UTC)
    )
    return key, f"scribe_{key_id}_{secret}"


def key_of(text: str, keys: Mapping[str, Key]) -> Key | None:
    """The key that a text is of, None for an unknown or revoked one. A comparison is made in every case."""
    parts = _TEXT.fullmatch(text)
    key = keys.get(parts[1]) if parts else None
    equal = hmac.compare_digest(_digest(parts[2] if parts else ""), key.sha256 if key else _NOBODYS)
    return key if key is not None and parts is not None and equal and key.revoked is None else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
