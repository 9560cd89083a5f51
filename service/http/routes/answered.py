"""A report as the client asked for it."""

import asyncio

from starlette.responses import Response

from service.renderings.html_page import POLICY
from service.renderings.negotiation import Rendering
from service.schemas import ReportDocument


async def report_answer(document: ReportDocument, rendering: Rendering) -> Response:
    """The report as a client gets it. A PDF takes half a second: it is made beside the loop that serves others."""
    body = await asyncio.to_thread(rendering.render, document)
    headers = {"Content-Language": document.lang}
    if rendering.is_page:
        headers["Content-Security-Policy"] = POLICY
    if rendering.name in {"pdf", "fhir", "sr"}:
        name = f"report-{document.study_id}{rendering.suffix}"
        headers["Content-Disposition"] = f'inline; filename="{name}"'
    return Response(body, media_type=rendering.media_type, headers=headers)
