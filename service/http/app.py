"""The web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio import to_thread
from fastapi import FastAPI

from service.access.audit import AuditLog
from service.access.key_ring import KeyRing
from service.access.web_origin import host_names
from service.errors import ServiceError
from service.http.gate import Gate
from service.http.middleware import HeadAsGet, LingeringRefusals, ObservedRequests
from service.http.problem_handlers import install_problem_handlers
from service.http.routes import api_page, editing, embeddings, health, phenotypes, reports
from service.http.tracing import TracedRequests, span_sink
from service.schemas import DRAFT_NOTICE
from service.settings import Settings
from service.study.runner import Workings, workings_of
from service.study.running_service import open_service
from service.study.spans import StudySpans
from service.telemetry import Metrics, log_event


def create_app(settings: Settings, workings: Workings | None = None) -> FastAPI:
    """An app of its own: two of them can live in one process. Nothing is opened or loaded before its lifespan.

    workings: instead of those of the bundle that the settings name.
    """
    metrics, spans = Metrics(), span_sink()
    parts = workings or workings_of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = open_service(settings, parts, metrics, StudySpans(spans))
        try:
            app.state.service, app.state.intake = opened.__enter__()
        except ServiceError as error:
            log_event("start_failed", level=40, message=str(error))
            raise
        try:
            yield
        finally:
            await to_thread.run_sync(opened.__exit__, None, None, None)

    app = FastAPI(
        title="EchoScribe",
        version=version("echoscribe"),
        summary="Echocardiography clips in; a sectioned draft report, phenotypes and their evidence out.",
        description=DRAFT_NOTICE,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,  # FastAPI's own pages load scripts from a public network
        redoc_url=None,
    )
    install_problem_handlers(app)
    for router in (
        reports.router,
        editing.router,
        embeddings.router,
        phenotypes.router,
        health.router,
        api_page.router,
    ):
        app.include_router(router)
    ring, audit = KeyRing(settings.keys_file), AuditLog(settings.audit_file)
    app.add_middleware(Gate, ring=ring, audit=audit, names=host_names(settings.allowed_hosts))
    app.add_middleware(LingeringRefusals)
    app.add_middleware(HeadAsGet)
    app.add_middleware(ObservedRequests, metrics=metrics)
    app.add_middleware(TracedRequests, sink=spans)  # added last: the outermost
    return app
