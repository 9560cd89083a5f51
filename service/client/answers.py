"""What both clients make of an answer: it is one, it may become one, or it is a refusal."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from service.problem import MEDIA_TYPE, Problem

_FALLBACK_SECONDS: Final = 1.0  # between tries when the service names no time
_BUSY: Final = {429, 503, 507}


class ClientError(Exception):
    """The service gave no answer; `problem` says why where the service said it."""

    def __init__(self, text: str, problem: Problem | None = None) -> None:
        super().__init__(text)
        self.problem = problem


class ServiceRefused(ClientError):
    """The service answered with a problem that trying again does not mend."""


class ServiceBusy(ClientError):
    """The service was still busy, or the study still processed, when the waiting time was over."""


@dataclass(frozen=True)
class Wait:
    """Not yet: ask again after so many seconds."""

    seconds: float
    problem: Problem | None = None


class Patience:
    """Adds up waiting until it is over."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def next_pause(self, wait: Wait) -> float:
        """Seconds to sleep now. Raises ServiceBusy when they reach beyond the end."""
        if time.monotonic() + wait.seconds > self._end:
            raise ServiceBusy("the waiting time is over", wait.problem)
        return wait.seconds


def outcome_of(response: httpx.Response) -> httpx.Response | Wait:
    """The response when it is an answer, a wait when it may become one. Raises ServiceRefused."""
    if response.status_code in {200, 202} and "retry-after" not in response.headers:
        return response
    problem = _problem(response)
    if response.status_code == 202 or (response.status_code in _BUSY and "retry-after" in response.headers):
        return Wait(_retry_after(response.headers), problem)
    if problem is None:
        raise ServiceRefused(f"the service answered {response.status_code} without a problem document")
    raise ServiceRefused(f"{problem.status} {problem.code}: {problem.detail}", problem)


def _problem(response: httpx.Response) -> Problem | None:
    is_problem = response.headers.get("content-type", "").split(";")[0] == MEDIA_TYPE
    return Problem.model_validate_json(response.content) if is_problem else None


def _retry_after(headers: Mapping[str, str]) -> float:
    value = headers.get("retry-after", "")
    return float(value) if value.isdecimal() else _FALLBACK_SECONDS  # the service never sends the date form
