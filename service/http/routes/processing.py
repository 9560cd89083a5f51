"""The 202 of a study that is not answered yet: where its answer will be and when to ask again."""

from starlette.responses import JSONResponse, Response

from service.schemas import ProcessingDocument
from service.study.job import StudyJob

_ASK_AGAIN_SECONDS = "1"


def processing(job: StudyJob | None, study_id: str, location: str, **headers: str) -> Response:
    """202 with the study's stage, as far as it is still live; `location` is what to ask for again."""
    report = f"/report/{study_id}"
    document = ProcessingDocument(
        study_id=study_id, stage=job.steps[-1].stage if job else None, report=report, events=f"{report}/events"
    )
    headers |= {"Location": location, "Retry-After": _ASK_AGAIN_SECONDS}
    return JSONResponse(document.model_dump(mode="json"), 202, headers)
