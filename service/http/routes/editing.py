"""PATCH /report/{study_id}, its signature, its amendment, its versions, and what was changed before signing."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.documents.document import Document
from service.documents.edition import Amendment, EditionList, FeedbackPage, ReportEdit, Signature
from service.editing_errors import FeedbackOff
from service.http.bounded_json import read_json
from service.http.dependencies import CallerDep, IntakeDep, OpenToReaders, RenderingDep, needs, note_studies
from service.http.routes.answered import report_answer
from service.http.routes.openapi import FORMAT_PARAMETER, REPORT_ANSWER, problems
from service.schemas import ReportDocument, answer_json

router = APIRouter(tags=["editing"])


def _changes(kind: type[Document]) -> dict[str, Any]:
    """What the routes that change a report share. They read the body by themselves, so that it can be bounded."""
    body = {"required": True, "content": {"application/json": {"schema": kind.model_json_schema()}}}
    return {
        "response_model": ReportDocument,
        "dependencies": [needs("sign"), OpenToReaders],
        "openapi_extra": {"requestBody": body},
        "responses": problems(400, 404, 408, 409, 413, 415, 422),
    }


@router.patch("/report/{study_id}", **_changes(ReportEdit))
async def edit_report(study_id: str, request: Request, intake: IntakeDep, caller: CallerDep) -> Response:
    """Change a draft: a new version, which keeps the one before."""
    edit = await read_json(request, ReportEdit)
    return _answer(await run_in_threadpool(intake.editing.edit, study_id, edit, caller))


@router.post("/report/{study_id}/signature", **_changes(Signature))
async def sign_report(study_id: str, request: Request, intake: IntakeDep, caller: CallerDep) -> Response:
    """Make the newest version final. Nothing changes it any more; an amendment makes a new one."""
    signature = await read_json(request, Signature)
    return _answer(await run_in_threadpool(intake.editing.sign, study_id, signature, caller))


@router.post("/report/{study_id}/amendment", **_changes(Amendment))
async def amend_report(study_id: str, request: Request, intake: IntakeDep, caller: CallerDep) -> Response:
    """Open a final version as a new draft, to be edited and signed again."""
    amendment = await read_json(request, Amendment)
    return _answer(await run_in_threadpool(intake.editing.amend, study_id, amendment, caller))


@router.get(
    "/report/{study_id}/versions",
    response_model=EditionList,
    dependencies=[needs("read"), OpenToReaders],
    responses=problems(404, 422),
)
async def list_versions(study_id: str, intake: IntakeDep, caller: CallerDep) -> Response:
    """List every version with what it changed of the one before."""
    listed = await run_in_threadpool(intake.editing.versions, study_id, caller.tenant)
    return Response(listed.model_dump_json(), media_type="application/json")


@router.get(
    "/report/{study_id}/versions/{version}",
    response_model=ReportDocument,
    dependencies=[needs("read"), OpenToReaders],
    openapi_extra={"parameters": [FORMAT_PARAMETER]},
    responses=REPORT_ANSWER | problems(404, 406, 422),
)
async def get_version(
    study_id: str, version: int, intake: IntakeDep, caller: CallerDep, rendering: RenderingDep
) -> Response:
    """Fetch one version of a report; 0 is the machine's draft."""
    document = await run_in_threadpool(intake.editing.version, study_id, version, caller.tenant)
    return await report_answer(document, rendering)


class FeedbackQuery(BaseModel):
    """Which page of signed reports to list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=100, description="Versions per page.")
    after: str | None = Field(None, max_length=64, description="`next` of the page before.")


@router.get(
    "/feedback",
    response_model=FeedbackPage,
    dependencies=[needs("admin"), OpenToReaders],
    responses=problems(404, 422),
)
async def list_feedback(
    request: Request, intake: IntakeDep, caller: CallerDep, query: Annotated[FeedbackQuery, Query()]
) -> Response:
    """List signed reports beside their drafts, newest first, where the settings allow it."""
    if not intake.settings.feedback:
        raise FeedbackOff("signed reports are not given out; ECHOSCRIBE_FEEDBACK=true allows it")
    page = await run_in_threadpool(intake.editing.feedback, limit=query.limit, after=query.after, tenant=caller.tenant)
    note_studies(request, *(row.study_id for row in page.signed))
    return Response(page.model_dump_json(), media_type="application/json")


def _answer(document: ReportDocument) -> Response:
    headers = {"Content-Language": document.lang}
    return Response(answer_json(document), media_type="application/json", headers=headers)
