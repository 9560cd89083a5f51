"""Every error has a status, a stable code and a body that says which field and which limit."""

import inspect
import json

import pytest

from service import errors
from service.errors import InternalFault, MixedStudies, QueueFull, ServiceError, UploadTooLarge
from service.problem import TABLE, KeptProblem, Problem, code_of, problem_of, table_row

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ServiceError)]
# Raised while loading only; /readyz tells of them, no request is answered with one.
NEVER_ANSWERED = {errors.ArtifactError, errors.StoreInUse}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_that_ends_a_request_has_a_status_of_its_own(kind: type[ServiceError]) -> None:
    status, title = table_row(kind)
    assert 400 <= status <= 599
    assert title
    is_leaf = not kind.__subclasses__()
    if is_leaf and kind not in NEVER_ANSWERED and kind is not KeptProblem:
        assert kind in TABLE or any(base in TABLE and base is not ServiceError for base in kind.__mro__)


def test_a_problem_carries_what_the_error_names() -> None:
    error = UploadTooLarge("files: file 3 is too large", field="files", limit=100, positions=[3])
    body = json.loads(Problem.of(error, "study").body())
    assert body == {
        "type": "urn:echoscribe:problem:upload_too_large",
        "title": "The upload exceeds a limit",
        "status": 413,
        "detail": "files: file 3 is too large",
        "code": "upload_too_large",
        "field": "files",
        "limit": 100,
        "positions": [3],
        "study_id": "study",
    }


def test_a_fault_of_ours_does_not_quote_itself() -> None:
    assert "JANE" not in Problem.of(InternalFault("could not read JANE^DOE.dcm")).detail


def test_a_kept_problem_is_answered_as_it_was() -> None:
    problem = Problem.of(MixedStudies("two", positions=[1, 2]), "study")
    assert problem_of(KeptProblem(problem)) == problem


def test_codes_are_snake_case_and_distinct() -> None:
    codes = [code_of(kind) for kind in CLASSES]
    assert len(set(codes)) == len(codes)
    assert code_of(QueueFull) == "queue_full"
    assert Problem.of_status(405).code == "method_not_allowed"
