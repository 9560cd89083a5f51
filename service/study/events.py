"""The events of one study, for as long as it runs and after: what server-sent events are made of."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from fastapi.sse import ServerSentEvent

from service.errors import ServiceError
from service.problem import KeptProblem, Problem
from service.schemas import ReportDocument
from service.study.intake import Intake
from service.study.job import StudyAnswer, StudyJob

_EVENT_ID = re.compile(r"[0-9]{1,9}")  # int() itself raises beyond 4300 digits
_STORE_LOOK_SECONDS = 1.0
_LOOK_SECONDS = 0.1  # steps are written by the device's thread; looking is simpler than waking a loop across threads


@dataclass(frozen=True)
class StudyWatch:
    """A study to follow from step `seen` on: its job while it is live, else its outcome.

    Without either another process works on it; `look` then asks the store.
    """

    study_id: str
    seen: int
    job: StudyJob | None
    outcome: StudyAnswer | Problem | None
    look: Callable[[], Awaitable[StudyAnswer | Problem | None]]

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """One `progress` per step, then one `complete` or `problem`."""
        if self.job is None:
            outcome = self.outcome
            while outcome is None:
                await asyncio.sleep(_STORE_LOOK_SECONDS)
                outcome = await self.look()
            yield self._last(outcome, self.seen)
            return
        steps, seen = self.job.steps, self.seen
        while True:
            ended = self.job.outcome.done()  # asked before the steps are read: none is missed
            for step in steps[seen:]:
                data = {"stage": step.stage, "done": step.done, "total": step.total}
                yield ServerSentEvent(event="progress", data=data, id=str(seen + 1))
                seen += 1
            if ended:
                yield self._last(_outcome_of(self.job), seen)
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _last(self, outcome: StudyAnswer | Problem, seen: int) -> ServerSentEvent:
        if isinstance(outcome, Problem):
            data = outcome.model_dump(mode="json", exclude_none=True)
            return ServerSentEvent(event="problem", data=data, id=str(seen + 1))
        data = {"study_id": self.study_id, "report": f"/report/{self.study_id}"}
        return ServerSentEvent(event="complete", data=data, id=str(seen + 1))


async def watch_study(intake: Intake, study_id: str, tenant: str, last_event_id: str | None) -> StudyWatch:
    """The watch on a tenant's study, after the last event that a reconnecting client has seen. Raises UnknownStudy.

    An id that this service never gave counts as none.
    """
    seen = int(last_event_id) if last_event_id and _EVENT_ID.fullmatch(last_event_id) else 0

    async def look() -> ReportDocument | Problem | None:
        try:
            return await intake.found(study_id, tenant)
        except KeptProblem as error:
            return error.problem

    job = intake.job_of(study_id, tenant)
    if job:
        return StudyWatch(study_id, seen, job, None, look)
    return StudyWatch(study_id, 0, None, await look(), look)


def _outcome_of(job: StudyJob) -> StudyAnswer | Problem:
    error = job.outcome.exception()
    if isinstance(error, ServiceError):
        return Problem.of(error, job.study_id)
    return job.outcome.result()
