"""GET /phenotypes and GET /phenotypes/{study_id}."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.http import examples
from service.http.dependencies import CallerDep, IntakeDep, OpenToReaders, ServiceDep, needs, note_studies
from service.http.routes.openapi import PROCESSING_ANSWER, problems
from service.http.routes.processing import processing
from service.renderings.negotiation import choose_media_type
from service.renderings.phenotype_table import phenotype_csv
from service.schemas import PhenotypeList, StudyPhenotypes, phenotypes_of

router = APIRouter(tags=["phenotypes"])
_ONE: Final = {"study_id": examples.STUDY_ID, "created": examples.REPORT["created"], "phenotypes": examples.PHENOTYPES}
_MANY: Final = {"studies": [_ONE], "next": None}


def _renderings(json_example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"content": {"application/json": {"example": json_example}, "text/csv": {"schema": {"type": "string"}}}}
    }


def _media_type(accept: Annotated[str | None, Header(include_in_schema=False)] = None) -> str:
    return choose_media_type(accept, ("application/json", "text/csv"))


MediaTypeDep = Annotated[str, Depends(_media_type)]


class PhenotypeQuery(BaseModel):
    """Which page of studies to list."""

    model_config = ConfigDict(extra="forbid")

    study_id: str | None = Field(None, max_length=36, description="Only this study.")
    limit: int = Field(20, ge=1, le=100, description="Studies per page.")
    after: str | None = Field(None, max_length=36, description="`next` of the page before.")


@router.get(
    "/phenotypes",
    response_model=PhenotypeList,
    dependencies=[needs("read"), OpenToReaders],
    responses=_renderings(_MANY) | problems(404, 406, 422),
)
async def list_phenotypes(
    request: Request,
    service: ServiceDep,
    caller: CallerDep,
    query: Annotated[PhenotypeQuery, Query()],
    media_type: MediaTypeDep,
) -> Response:
    """List the phenotypes of answered studies, newest first; as CSV, `Link` names the next page."""
    page = await run_in_threadpool(
        service.store.phenotypes,
        limit=query.limit,
        after=query.after,
        study_id=query.study_id,
        tenant=caller.tenant,
    )
    note_studies(request, *(study.study_id for study in page.studies))
    if media_type == "application/json":
        return Response(page.model_dump_json(), media_type=media_type)
    link = {"Link": f'</phenotypes?limit={query.limit}&after={page.next}>; rel="next"'} if page.next else {}
    return Response(phenotype_csv(page.studies), headers=link, media_type=media_type)


@router.get(
    "/phenotypes/{study_id}",
    response_model=StudyPhenotypes,
    dependencies=[needs("read"), OpenToReaders],
    responses=_renderings(_ONE) | PROCESSING_ANSWER | problems(404, 406, 410, 422),
)
async def get_phenotypes(study_id: str, intake: IntakeDep, caller: CallerDep, media_type: MediaTypeDep) -> Response:
    """Fetch the phenotypes of one study; 202 while it is processed, and its own problem when it failed."""
    document = await intake.drafted(study_id, caller.tenant)  # what was predicted, whatever a person made of it
    if document is None:
        return processing(intake.job_of(study_id, caller.tenant), study_id, f"/phenotypes/{study_id}")
    study = phenotypes_of(document)
    if media_type == "application/json":
        return Response(study.model_dump_json(), media_type=media_type)
    return Response(phenotype_csv([study]), media_type=media_type)
