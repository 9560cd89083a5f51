"""POST /report, GET /report/{study_id} and its events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from service.documents.traced import ContourDocument
from service.errors import InvalidField
from service.http.connected import while_connected
from service.http.dependencies import CallerDep, IntakeDep, OpenToReaders, RenderingDep, needs, note_studies
from service.http.routes.answered import report_answer
from service.http.routes.openapi import (
    EVENTS_ANSWER,
    FORMAT_PARAMETER,
    PROCESSING_ANSWER,
    REPORT_ANSWER,
    REPORT_BODY,
    problems,
)
from service.http.routes.processing import processing
from service.renderings.negotiation import prefers_async
from service.schemas import ReportDocument, ShadowDocument
from service.study.events import StudyWatch, watch_study
from service.study.intake import IncomingReport

router = APIRouter(tags=["report"])


@router.post(
    "/report",
    response_model=ReportDocument,
    dependencies=[needs("submit")],
    openapi_extra=REPORT_BODY,
    responses=REPORT_ANSWER | PROCESSING_ANSWER | problems(400, 406, 408, 409, 413, 415, 422, 429, 504, 507),
)
async def post_report(request: Request, intake: IntakeDep, caller: CallerDep, rendering: RenderingDep) -> Response:
    """Write the draft report of one study."""
    incoming = IncomingReport(request.headers, request.stream(), _lang_of(request), caller)
    study_id = await intake.accept(incoming)
    note_studies(request, study_id)
    if intake.settings.shadow:  # nothing of the draft leaves, so there is nothing to wait for
        return Response(ShadowDocument(study_id=study_id).model_dump_json(), 202, media_type="application/json")
    if prefers_async(request.headers.get("prefer")):
        job = intake.job_of(study_id, caller.tenant)
        return processing(job, study_id, f"/report/{study_id}", **{"Preference-Applied": "respond-async"})
    give_up = None if incoming.key else lambda: intake.give_up(study_id)  # a key lets it be asked for again
    document = await while_connected(request, intake.answer(study_id, caller.tenant), give_up)
    return await report_answer(document, rendering)


@router.get(
    "/report/{study_id}",
    response_model=ReportDocument,
    dependencies=[needs("read"), OpenToReaders],
    openapi_extra={"parameters": [FORMAT_PARAMETER]},
    responses=REPORT_ANSWER | PROCESSING_ANSWER | problems(404, 406, 410, 422),
)
async def get_report(study_id: str, intake: IntakeDep, caller: CallerDep, rendering: RenderingDep) -> Response:
    """Fetch a report again; 202 while the study is processed, and the study's own problem when it failed."""
    document = await intake.found(study_id, caller.tenant)
    if document is None:
        return processing(intake.job_of(study_id, caller.tenant), study_id, f"/report/{study_id}")
    return await report_answer(document, rendering)


@router.delete("/report/{study_id}", status_code=204, dependencies=[needs("admin")], responses=problems(404, 422))
async def delete_report(study_id: str, intake: IntakeDep, caller: CallerDep) -> Response:
    """Erase a study: its answer, what the store keeps of it, and its files; one that is worked on is given up."""
    await intake.erase(study_id, caller.tenant)
    return Response(status_code=204)


@router.get(
    "/report/{study_id}/contours",
    response_model=ContourDocument,
    dependencies=[needs("read"), OpenToReaders],
    responses=PROCESSING_ANSWER | problems(404, 410, 422),
)
async def get_contours(study_id: str, intake: IntakeDep, caller: CallerDep) -> Response:
    """The outlines that a study's measurements rest on, in the pixels of its files; 202 while it is processed."""
    document = await intake.found(study_id, caller.tenant)
    if document is None:
        return processing(intake.job_of(study_id, caller.tenant), study_id, f"/report/{study_id}/contours")
    contours = ContourDocument(study_id=study_id, contours=document.contours)
    return Response(contours.model_dump_json(), media_type="application/json")


async def _watch(
    study_id: str, intake: IntakeDep, caller: CallerDep, last_event_id: Annotated[str | None, Header()] = None
) -> StudyWatch:
    """The study's events; looked up before the stream starts, so that an unknown study is a 404."""
    return await watch_study(intake, study_id, caller.tenant, last_event_id)


@router.get(
    "/report/{study_id}/events",
    response_class=EventSourceResponse,
    dependencies=[needs("read"), OpenToReaders],
    responses=EVENTS_ANSWER | problems(404),
)
async def get_events(watch: Annotated[StudyWatch, Depends(_watch)]) -> AsyncIterator[ServerSentEvent]:
    """Follow a study: `progress` per finished step, then `complete` or `problem`; also after it has ended."""
    async for event in watch.events():
        yield event


def _lang_of(request: Request) -> str | None:
    """The language asked for in the address. Raises InvalidField for any other parameter there."""
    names = [name for name, _ in request.query_params.multi_items() if name != "format"]
    if names not in ([], ["lang"], ["language"]):
        # which ones is not said: their names are the client's text and may be a patient's
        raise InvalidField(
            "the address has parameters beside one lang and one format: send other options as fields of the form"
        )
    return request.query_params.get(names[0]) if names else None
