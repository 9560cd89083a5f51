"""Liveness, readiness, metrics and what is running."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from service.http.dependencies import ServiceDep, needs
from service.http.routes.openapi import problems
from service.study.running_documents import InfoDocument, ReadinessDocument

router = APIRouter(tags=["operation"])


@router.get("/livez", response_class=PlainTextResponse, responses=problems())
async def get_liveness() -> str:
    """Answer while the process serves HTTP at all."""
    return "alive\n"


@router.get(
    "/readyz", responses=problems() | {503: {"model": ReadinessDocument, "description": "No study is taken now."}}
)
async def get_readiness(service: ServiceDep) -> ReadinessDocument:
    """Answer 200 while `POST /report` takes studies: loaded, warmed up, not draining, the device alive."""
    readiness = service.readiness()
    return readiness if readiness.ready else JSONResponse(readiness.model_dump(), 503)  # type: ignore[return-value]  # FastAPI sends a response as it is


@router.get("/metrics", response_class=PlainTextResponse, dependencies=[needs("admin")], responses=problems())
async def get_metrics(service: ServiceDep) -> Response:
    """Answer Prometheus metrics."""
    return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/info", responses=problems())
async def get_info(service: ServiceDep) -> InfoDocument:
    """Answer versions, hashes, licence notice, device, modes and limits."""
    return service.info()
