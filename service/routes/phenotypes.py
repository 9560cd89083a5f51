"""GET /phenotypes and GET /phenotypes/{study_id}."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from service import examples
from service.dependencies import ReceptionDep, ServiceDep
from service.routes.openapi import example, problems
from service.schemas import PhenotypeList, StudyPhenotypes

router = APIRouter(tags=["phenotypes"])
_ONE: Final = {"study_id": examples.STUDY_ID, "created": examples.REPORT["created"], "phenotypes": examples.PHENOTYPES}
_MANY: Final = {"studies": [_ONE], "next": None}


class PhenotypeQuery(BaseModel):
    """Which page of studies to list."""

    model_config = ConfigDict(extra="forbid")

    study_id: str | None = Field(None, max_length=36, description="Only this study.")
    limit: int = Field(20, ge=1, le=100, description="Studies per page.")
    after: str | None = Field(None, max_length=36, description="`next` of the page before.")


@router.get(
    "/phenotypes",
    responses=example(_MANY) | problems(404, 422, 503),
)
async def list_phenotypes(service: ServiceDep, query: Annotated[PhenotypeQuery, Query()]) -> PhenotypeList:
    """List the phenotypes of answered studies, newest first."""
    return await run_in_threadpool(
        service.store.phenotypes, limit=query.limit, after=query.after, study_id=query.study_id
    )


@router.get(
    "/phenotypes/{study_id}",
    responses=example(_ONE) | problems(404, 410, 422, 503, 504),
)
async def get_phenotypes(study_id: str, reception: ReceptionDep) -> StudyPhenotypes:
    """Fetch the phenotypes of one study; waits while it is processed."""
    document = await reception.answer(study_id)
    return StudyPhenotypes(study_id=study_id, created=document.created, phenotypes=document.phenotypes)
