"""What route handlers ask for, as annotated aliases."""

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.datastructures import State

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


def _rendering(accept: Annotated[str | None, Header(include_in_schema=False)] = None) -> Rendering:
    return choose_rendering(accept)


def _shown(request: Request) -> None:
    if _service(request).settings.shadow:
        raise ShadowMode("shadow mode: drafts are stored and shown to nobody; `echoscribe drafts` reads them")


OpenToReaders = Depends(_shown)
ServiceDep = Annotated[RunningService, Depends(_service)]
IntakeDep = Annotated[Intake, Depends(_intake)]
RenderingDep = Annotated[Rendering, Depends(_rendering)]
