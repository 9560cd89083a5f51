"""Requests made up from the OpenAPI document, valid and not: never a 5xx, and always a documented status.

First as anybody, then after a key was made: without one nothing but 401 is said, with one all is as before.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error, status_code_conformance

from service.access.key_file import add_key
from service.http.app import create_app
from service.http.bounded_protocol import BoundedConfig
from service.http.connections import ConnectionLimits
from service.http.gate import OPEN_PATHS
from service.settings import Settings
from tests.service.conftest import wait_until
from tests.service.invented import InventedPipeline, invented_workings

OPERATIONS = [
    ("POST", "/report", 60),
    ("GET", "/report/{study_id}", 25),
    ("GET", "/report/{study_id}/events", 15),
    ("GET", "/phenotypes", 40),
    ("GET", "/phenotypes/{study_id}", 15),
    ("GET", "/readyz", 5),
    ("GET", "/info", 5),
    ("GET", "/metrics", 5),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A service on a loopback socket, in a thread of this process, and the folder of its keys."""
    folder = tmp_path_factory.mktemp("service")
    values = {"store": folder / "s.sqlite3", "upload_folder": folder, "neighbours": 5}
    app = create_app(Settings.model_validate(values), invented_workings(InventedPipeline()))
    limits = ConnectionLimits(100, 100, 16384, 10)
    server = uvicorn.Server(BoundedConfig.of(limits, app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    wait_until(lambda: httpx.get(f"{address}/readyz").status_code == 200)
    yield address, folder
    server.should_exit = True
    thread.join(20)


@pytest.mark.parametrize(("method", "path", "examples"), OPERATIONS)
def test_no_request_makes_the_service_fail(served: tuple[str, Path], method: str, path: str, examples: int) -> None:
    url, _ = served
    send_all(url, method, path, examples, {})


@pytest.mark.parametrize(("method", "path", "examples"), OPERATIONS)
def test_with_keys_no_request_fails_and_without_one_none_is_served(
    served: tuple[str, Path], method: str, path: str, examples: int
) -> None:
    url, folder = served
    _, text = add_key(folder / "keys.json", "default", ("submit", "read", "sign", "admin"))
    statuses = send_all(url, method, path, max(5, examples // 3), {})
    if path not in OPEN_PATHS:
        assert statuses <= {400, 401, 431}, statuses  # what is no HTTP is refused before a key is looked for
    statuses = send_all(url, method, path, max(5, examples // 3), {"Authorization": f"Bearer {text}"})
    assert 401 not in statuses


def send_all(url: str, method: str, path: str, examples: int, headers: dict[str, str]) -> set[int]:
    """Statuses of the answers to made-up requests."""
    statuses = set[int]()
    operation = schemathesis.openapi.from_url(f"{url}/openapi.json")[path][method]
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
    )
    @given(case=cases)
    def send(case: schemathesis.Case[Any]) -> None:
        if headers:  # in place of the made-up key that the document's security scheme asks for
            made = {name: value for name, value in case.headers.items() if name.lower() != "authorization"}
            case.headers = CaseInsensitiveDict({**made, **headers})
        response = case.call()
        statuses.add(response.status_code)
        case.validate_response(response, checks=[not_a_server_error, status_code_conformance])

    send()
    assert httpx.get(f"{url}/readyz").status_code == 200
    return statuses
