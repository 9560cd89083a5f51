"""Every error of a request as problem+json: the service's own, FastAPI's validation, and bare HTTP statuses."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.errors import ServiceError
from service.problem import MEDIA_TYPE, Problem, problem_of
from service.telemetry import current_request_id


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The response of a problem, with Retry-After where trying again makes sense."""
    sent = dict(headers or {})
    if problem.retry_after_seconds is not None:
        sent["Retry-After"] = str(problem.retry_after_seconds)
    problem = problem.model_copy(update={"request_id": current_request_id()})
    return Response(problem.body(), problem.status, sent, MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Answers the errors of this app's routes."""

    @app.exception_handler(ServiceError)
    async def _service_error(_: Request, error: ServiceError) -> Response:
        return problem_response(problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def _validation_error(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":  # its name is the client's text and may be a patient's
            return problem_response(Problem.of_status(422, "the address has an unknown parameter"))
        field = str(first["loc"][-1])
        return problem_response(Problem.of_status(422, f"{field}: {first['msg']}", field=field))

    @app.exception_handler(HTTPException)
    async def _http_error(_: Request, error: HTTPException) -> Response:
        return problem_response(Problem.of_status(error.status_code), error.headers)
