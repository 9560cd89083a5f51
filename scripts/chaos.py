"""Kills the service at random moments and counts what it accepted: `python -m scripts.chaos` (`make chaos`).

Each life of the service is a forked copy of this process, with the shipped bundle and real decoders, on one store and
one upload folder. Studies are posted as they would be (202, an idempotency key each) until SIGKILL ends the life, at
any moment from its start on; in half of the lives a decoder or their server is killed before. At the end a last life
answers what is left, and each accepted study is asked for. The last line is JSON; the exit status is 1 when one is lost
or was given up.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from scripts.forked_service import ForkedService
from scripts.sample_study import write_sample_study
from service.artifacts import pipeline_of, set_threads
from service.ingest.decoding.decoder_pool import decoder_pool
from service.settings import Settings
from service.study.runner import StudyPipeline, Workings, workings_of

_LAST_LIFE_SECONDS: Final = 900.0
_ALIKE: Final = {"study_id", "created", "stage_seconds"}  # what differs between equal studies
_PAUSE_SECONDS: Final = 0.02


@dataclass
class Chaos:
    """A run: what was sent, what was accepted, what was killed.

    wanted: accepted studies and kills of the server. decoders: whether they are killed as well.
    """

    settings: Settings
    workings: Workings
    files: Sequence[Path]
    folder: Path
    kills_wanted: int
    studies_wanted: int
    seed: int
    decoders: bool = True
    accepted: list[str] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    ready_lives: int = 0

    def run(self) -> dict[str, Any]:
        """Kills until both numbers are reached, and then looks."""
        self._random = random.Random(self.seed)  # noqa: S311 - moments of kills are no secret
        self._waiting_key = str(uuid.uuid4())
        started = time.monotonic()
        with ForkedService.ready(self.settings, self.workings, self.folder / "log") as service:
            ready_seconds = time.monotonic() - started
            expected = self._expected(service)
            study_seconds = time.monotonic() - started - ready_seconds
            service.kill()
        self._longest_seconds = ready_seconds + 2 * study_seconds
        while self.killed["server"] < self.kills_wanted or len(self.accepted) < self.studies_wanted:
            self._one_life()
        return self._judged(expected) | {
            "seconds": round(time.monotonic() - started, 1),
            "ready_seconds": round(ready_seconds, 2),
            "study_seconds": round(study_seconds, 2),
        }

    def _expected(self, service: ForkedService) -> dict[str, Any]:
        """The answer that is not disturbed."""
        with httpx.Client(base_url=service.url, timeout=_LAST_LIFE_SECONDS) as client:
            return _comparable(client.post("/report", files=self._form()).json())

    def _form(self) -> list[tuple[str, tuple[str, bytes]]]:
        return [("files", (str(number), path.read_bytes())) for number, path in enumerate(self.files)]

    def _one_life(self) -> None:
        delay = self._random.uniform(0.05, self._longest_seconds)
        other = self._random.random() < 0.5 and self.decoders
        service = ForkedService(self.settings, self.workings, self.folder / "log")
        killer = threading.Thread(target=self._kill_later, args=(service.number, delay, other))
        killer.start()
        try:
            self._post_until_it_ends(service)
        finally:
            killer.join()
            service.wait()
            self.ready_lives += bool(service.events("ready"))
            self.killed["server"] += 1

    def _kill_later(self, number: int, delay_seconds: float, other: bool) -> None:
        """Runs beside the posts; joined before the next fork."""
        half = self._random.random()
        time.sleep(delay_seconds * half)
        if other:
            victims = [("decoder server", child) for child in children_of(number)]
            victims += [("decoder", grandchild) for _, child in victims for grandchild in children_of(child)]
            if victims:
                what, victim = self._random.choice(victims)
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    self.killed[what] += 1
        time.sleep(delay_seconds * (1 - half))
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)

    def _post_until_it_ends(self, service: ForkedService) -> None:
        """Posts as many as keep pace with the kills. An answer that got lost is asked for again with the same key."""
        with (
            suppress(TimeoutError, httpx.HTTPError),
            httpx.Client(base_url=service.url, timeout=_LAST_LIFE_SECONDS) as client,
        ):
            while not service.has_ended():
                if len(self.accepted) < self._due():
                    self._post(client)
                time.sleep(_PAUSE_SECONDS + self._random.random() * _PAUSE_SECONDS)

    def _due(self) -> float:
        return (self.killed["server"] + 1) * self.studies_wanted / self.kills_wanted + 1

    def _post(self, client: httpx.Client) -> None:
        headers = {"Prefer": "respond-async", "Idempotency-Key": self._waiting_key}
        answer = client.post("/report", files=self._form(), headers=headers)
        if answer.status_code == 202:
            self.accepted.append(str(answer.json()["study_id"]))
            self._waiting_key = str(uuid.uuid4())

    def _judged(self, expected: dict[str, Any]) -> dict[str, Any]:
        """The last life, and what became of each accepted study."""
        with ForkedService.ready(self.settings, self.workings, self.folder / "log") as service:
            with httpx.Client(base_url=service.url, timeout=_LAST_LIFE_SECONDS) as client:
                ends = Counter(_end_of(client, study_id, expected) for study_id in self.accepted)
            service.send(signal.SIGTERM)
            stopped = service.wait(120)
        left = [path.name for path in self.settings.upload_folder.iterdir()]
        answered = sum(count for end, count in ends.items() if end in {"equal", "with_a_clip_less"})
        lost = len(self.accepted) - answered
        return {
            "ok": lost == 0 and stopped == 0 and left == [] and len(set(self.accepted)) == len(self.accepted),
            "accepted": len(self.accepted),
            "lost_or_given_up": lost,
            "ends": dict(ends),
            "kills": dict(self.killed),
            "lives_that_were_ready": self.ready_lives,
            "left_on_disk": len(left),
            "exit_status": stopped,
            "seed": self.seed,
        }


def _end_of(client: httpx.Client, study_id: str, expected: dict[str, Any]) -> str:
    end = time.monotonic() + _LAST_LIFE_SECONDS
    while (answer := client.get(f"/report/{study_id}")).status_code == 202:
        if time.monotonic() > end:
            return "never_answered"
        time.sleep(_PAUSE_SECONDS)
    if answer.status_code != 200:
        return str(answer.json()["code"])
    document = answer.json()
    if any(clip["skipped"] == "decoder_killed" for clip in document["clips"]):
        return "with_a_clip_less"
    return "equal" if _comparable(document) == expected else "different"


def _comparable(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _ALIKE}


def children_of(number: int) -> list[int]:
    """The processes that a process has started, each listed under the thread that did it."""
    found: list[int] = []
    for children in Path(f"/proc/{number}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in children.read_text().split()]
    return found


def shipped_workings(settings: Settings) -> Workings:
    """The shipped bundle and bank, loaded once: a copy of this process has them from its parent."""
    set_threads(settings.threads, settings.bundle)
    pipeline = pipeline_of(settings)
    usual = workings_of(settings)

    def load(_: Settings) -> StudyPipeline:
        if settings.decoding == "processes":
            decoder_pool().wait_until_ready()
        return pipeline

    return Workings(load=load, open_study=usual.open_study, warm_up=usual.warm_up)


def settings_for(folder: Path, **changes: Any) -> Settings:
    """A service on loopback with its store and uploads in the folder."""
    places = {"store": folder / "results.sqlite3", "upload_folder": folder / "uploads"}
    return Settings.model_validate({"host": "127.0.0.1", "port": 0, "threads": 1, "device": "cpu", **places, **changes})


def main() -> None:
    """Runs the check; the exit status is 1 when anything is not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="SIGKILLs of the server")
    parser.add_argument("--studies", type=int, default=200, help="studies that are accepted meanwhile")
    parser.add_argument("--seed", type=int, default=19, help="of the moments")
    parser.add_argument("--decoding", choices=("processes", "in_process"), default="processes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="echoscribe-chaos-") as name:
        folder = Path(name)
        settings = settings_for(folder, dtype="float32", decoding=arguments.decoding)
        (folder / "files").mkdir()
        chaos = Chaos(
            settings=settings,
            workings=shipped_workings(settings),
            files=write_sample_study(folder / "files")[:1],
            folder=folder,
            kills_wanted=arguments.kills,
            studies_wanted=arguments.studies,
            seed=arguments.seed,
            decoders=arguments.decoding == "processes",
        )
        result = chaos.run()
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
