"""Who calls: a key's id, its tenant, and what it may do."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from service.errors import ScopeMissing

Scope = Literal["submit", "read", "sign", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
DEFAULT_TENANT: Final = "default"  # whose studies are those of a service without keys


@dataclass(frozen=True)
class Caller:
    """One who may call. key_id: None while there are no keys. What a tenant has is unknown to the others."""

    key_id: str | None
    tenant: str
    scopes: frozenset[Scope]

    @property
    def client(self) -> str | None:
        """Who takes turns and has a share of the places; None without keys, when nobody can be told apart."""
        return None if self.key_id is None else self.tenant

    def require(self, scope: Scope) -> None:
        """Raises ScopeMissing."""
        if scope not in self.scopes:
            held = ", ".join(sorted(self.scopes)) or "none"
            raise ScopeMissing(f"Authorization: this call needs the scope {scope}; the key has {held}", field="scope")


ANYBODY: Final = Caller(None, DEFAULT_TENANT, frozenset(SCOPES))
