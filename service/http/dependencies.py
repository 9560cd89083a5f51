"""What route handlers ask for, as annotated aliases."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request, Security
from fastapi.datastructures import State
from fastapi.security import HTTPBearer

from service.access.caller import Caller, Scope
from service.errors import ShadowMode
from service.renderings.negotiation import Rendering, choose_rendering
from service.study.intake import Intake
from service.study.running_service import RunningService


def _state(request: Request) -> State:
    state: State = request.app.state
    return state


def _service(request: Request) -> RunningService:
    service: RunningService = _state(request).service
    return service


def _intake(request: Request) -> Intake:
    intake: Intake = _state(request).intake
    return intake


def _rendering(request: Request, accept: Annotated[str | None, Header(include_in_schema=False)] = None) -> Rendering:
    return choose_rendering(accept, request.query_params.getlist("format"))


def _shown(request: Request) -> None:
    if _service(request).settings.shadow:
        raise ShadowMode("shadow mode: drafts are stored and shown to nobody; `echoscribe drafts` reads them")


def caller_of(request: Request) -> Caller:
    """Who calls, as the gate found out."""
    caller: Caller = request.state.caller
    return caller


def note_studies(request: Request, *study_ids: str) -> None:
    """Says which studies a call is about, for the audit log."""
    request.state.studies = study_ids


_KEY = HTTPBearer(auto_error=False, description="A key of `echoscribe keys add`. While there are none, none is needed.")


def needs(scope: Scope) -> Any:
    """The dependency of a route that takes keys of this scope alone."""

    def check(request: Request, _: Annotated[object, Security(_KEY)]) -> None:
        caller_of(request).require(scope)

    return Depends(check)


OpenToReaders = Depends(_shown)
CallerDep = Annotated[Caller, Depends(caller_of)]
ServiceDep = Annotated[RunningService, Depends(_service)]
IntakeDep = Annotated[Intake, Depends(_intake)]
RenderingDep = Annotated[Rendering, Depends(_rendering)]
