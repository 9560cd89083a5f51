"""Files that order what happens to the process that reads them, as text: `wait NAME`, `kill`, `clip …`.

`wait NAME` waits at a stage until the file NAME appears; `kill` ends the process as SIGKILL does.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.ingest.limits import IngestLimits
from service.run_options import ProgressSink, RunOptions
from service.schemas import ClipOut, ReportDocument
from service.study.runner import Workings
from tests.service.invented import InventedFiles, InventedPipeline, invented_clip, open_invented

STAGES = ("open", "prepare", "answer")


@dataclass
class OrderlyPipeline(InventedPipeline):
    """Obeys an order of its stage: `STAGE wait PATH` or `STAGE kill`."""

    texts: dict[str, str] = field(default_factory=dict)

    def answer(self, clips: list[ClipOut], options: RunOptions, progress: ProgressSink) -> ReportDocument:
        for clip in clips:
            obey("answer", self.texts.get(clip.sha256, ""))
        return super().answer(clips, options, progress)


def obey(stage: str, text: str) -> None:
    """Does what the text orders at this stage."""
    words = text.split()
    if len(words) < 2 or words[0] != stage:
        return
    if words[1] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if words[1] == "wait":
        Path(words[2] + ".reached").touch()
        while not Path(words[2]).exists():
            time.sleep(0.01)


def orderly_workings() -> Workings:
    pipeline = OrderlyPipeline()

    @contextmanager
    def open_orderly(
        paths: Sequence[Path], limits: IngestLimits, scratch: Path, sha256: Mapping[Path, str]
    ) -> Iterator[Any]:
        texts = {path: path.read_bytes()[:200].decode(errors="replace") for path in paths}
        for text in texts.values():
            obey("open", text)
        pipeline.texts |= {sha256[path]: text for path, text in texts.items()}
        with open_invented(paths, limits, scratch, sha256):
            yield _Obeying(tuple(paths))

    return Workings(load=lambda _: pipeline, open_study=open_orderly, warm_up=lambda: [invented_clip()])


class _Obeying(InventedFiles):
    def readers(self, plan: object = None) -> Sequence[Any]:
        def reading(path: Path, read: Any) -> Any:
            def one() -> object:
                obey("prepare", path.read_bytes()[:200].decode(errors="replace"))
                return read()

            return one

        return [reading(path, read) for path, read in zip(self.paths, super().readers(plan), strict=True)]
