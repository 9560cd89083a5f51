"""Before any route: is the name ours, does a page of another site post, who calls; and after it, the audit log.

What a route shows is sent only once the audit log has its line.
"""

import asyncio
from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.audit import AuditLog
from service.access.caller import ANYBODY, Caller
from service.access.key_ring import KeyRing
from service.access.web_origin import require_own_host, require_same_site
from service.errors import AccessError, AuditUnavailable, HostRefused, KeyMissing, KeyRefused, KeysUnreadable
from service.http.problem_handlers import problem_response
from service.problem import problem_of
from service.telemetry import current_request_id, log_event

OPEN_PATHS: Final = frozenset({"/livez", "/readyz", "/docs", "/openapi.json"})  # nothing of a study, nothing of a site
_CLIENT_GONE: Final = 499  # as in the log of requests
_SCHEME: Final = "bearer"  # RFC 6750


class Gate:
    """Lets a call in, or answers why not; notes what was done in the audit log."""

    def __init__(self, app: ASGIApp, ring: KeyRing, audit: AuditLog, names: frozenset[str]) -> None:
        self._app, self._ring, self._audit, self._names = app, ring, audit, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the call on, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            caller = self._admitted(scope)
        except AccessError as error:
            await _refuse(error, scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        if scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
        else:
            await _Noted(self._app, self._audit, caller).run(scope, receive, send)

    def _admitted(self, scope: Scope) -> Caller:
        """Who calls. Raises AccessError."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            raise HostRefused("Host: must be there once (RFC 9112 section 3.2)", field="Host")
        require_own_host(hosts[0], self._names)
        require_same_site(scope["method"], headers)
        if scope["path"] in OPEN_PATHS:
            return ANYBODY
        try:
            return self._ring.caller(_key_in(headers))
        except KeysUnreadable as error:
            log_event("keys_unreadable", level=40, message=str(error))
            raise KeysUnreadable("the keys cannot be read, so nobody is let in; the log names the file") from error


class _Noted:
    """One call whose line is written before its answer begins."""

    def __init__(self, app: ASGIApp, audit: AuditLog, caller: Caller) -> None:
        self._app, self._audit, self._caller = app, audit, caller

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the call on."""
        begun = refused = False

        async def send_noted(message: Message) -> None:
            nonlocal begun, refused
            if message["type"] == "http.response.start" and not begun:
                begun = True
                try:
                    await self._note(scope, message["status"])
                except AuditUnavailable as error:
                    refused = True
                    log_event("audit_unavailable", level=50, fault=error.__cause__)
                    await _refuse(error, scope, receive, send)
            if not refused:
                await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            if not begun:
                await asyncio.shield(self._note_unanswered(scope))

    async def _note_unanswered(self, scope: Scope) -> None:
        try:
            await self._note(scope, _CLIENT_GONE)
        except AuditUnavailable as error:
            log_event("audit_unavailable", level=50, fault=error.__cause__)

    async def _note(self, scope: Scope, status: int) -> None:
        route = getattr(scope.get("route"), "path", None)
        if route is None:
            return  # no route: nothing was done
        named = scope["state"].get("studies") or scope.get("path_params", {}).values()
        await to_thread.run_sync(
            lambda: self._audit.note(
                f"{scope['method']} {route}",
                key_id=self._caller.key_id,
                tenant=self._caller.tenant,
                studies=[str(study) for study in named],
                status=status,
                request_id=current_request_id(),
            )
        )


async def _refuse(error: AccessError, scope: Scope, receive: Receive, send: Send) -> None:
    needs_key = isinstance(error, KeyMissing | KeyRefused)
    headers = {"WWW-Authenticate": "Bearer"} if needs_key else None  # RFC 9110 section 11.6.1
    log_event("call_refused", code=problem_of(error).code)
    await problem_response(problem_of(error), headers)(scope, receive, send)


def _key_in(headers: Headers) -> str | None:
    """The text of a key, None where there is none. Raises KeyRefused."""
    sent = headers.getlist("authorization")
    if not sent:
        return None
    scheme, _, text = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != _SCHEME:
        raise KeyRefused("Authorization: must be there once, as `Bearer KEY`", field="Authorization")
    return text.strip()
