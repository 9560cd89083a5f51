"""POST /embeddings: a study's vectors, where the settings allow it."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from service.documents.study_vectors import VectorsDocument
from service.errors import EmbeddingsOff, InvalidField
from service.http.connected import while_connected
from service.http.dependencies import CallerDep, IntakeDep, OpenToReaders, ServiceDep, needs, note_studies
from service.http.routes.openapi import VECTORS_BODY, problems
from service.study.intake import IncomingReport

router = APIRouter(tags=["embeddings"])


def _allowed(service: ServiceDep) -> None:
    if not service.settings.embeddings:
        raise EmbeddingsOff("vectors of studies are not given out here; ECHOSCRIBE_EMBEDDINGS=true allows it")


@router.post(
    "/embeddings",
    response_model=VectorsDocument,
    dependencies=[needs("submit"), OpenToReaders, Depends(_allowed)],
    openapi_extra=VECTORS_BODY,
    responses=problems(400, 408, 413, 415, 422, 429, 503, 504, 507),
)
async def post_embeddings(request: Request, intake: IntakeDep, caller: CallerDep) -> Response:
    """Encode one study and answer with its vectors; nothing is searched, written or kept."""
    if request.query_params:
        raise InvalidField("the address has parameters: there are none here")
    study_id, vectors = await intake.vectors(IncomingReport(request.headers, request.stream(), caller=caller))
    note_studies(request, study_id)
    document = await while_connected(request, vectors, lambda: intake.give_up(study_id))
    return Response(document.model_dump_json(), media_type="application/json")
