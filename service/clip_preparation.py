"""The clips of a study are read and prepared for the networks, several side by side."""

import os
import time
from collections.abc import Iterable, Sequence, Sized
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Final

from model.embeddings import PreparedAcquisition
from model.errors import ClipRejected
from model.modality import Modality
from model.study import Acquisition, AcquisitionReader, ClipFacts, SkippedClip
from service.answer.encoded_study import PreparedStudy, leave_out
from service.run_options import Progress, ProgressSink
from service.stage_clock import StageClock
from service.threads import SparePools

# Clips of a study that are read and prepared side by side; each holds its frames, often 60 MB of them.
CLIPS_AT_ONCE: Final = min(4, os.cpu_count() or 1)


def prepare_study(
    modality: Modality,
    items: Iterable[Acquisition | SkippedClip | AcquisitionReader],
    threads: SparePools,
    progress: ProgressSink,
) -> PreparedStudy:
    """Clips as model input; their frames are in memory that long.

    `read` and `prepare` share the seconds that passed as they share the work. Several studies may be prepared at
    once.
    """
    clock = StageClock()
    used: list[PreparedAcquisition] = []
    skipped: list[SkippedClip] = []
    facts: dict[int, ClipFacts] = {}
    started, work = time.perf_counter(), StageClock()
    total = len(items) if isinstance(items, Sized) else 0
    with closing(threads.run(partial(_prepare, modality), items)) as stream:
        for done, (pictures, clip_facts, seconds) in enumerate(stream, start=1):
            work.add(seconds)
            skipped += [picture for picture in pictures if isinstance(picture, SkippedClip)]
            own = [picture for picture in pictures if not isinstance(picture, SkippedClip)]
            used += own
            if own and clip_facts:
                noticed = tuple(dict.fromkeys(warning for one in own for warning in one.warnings))
                facts[own[0].position] = replace(clip_facts, warnings=(*clip_facts.warnings, *noticed))
            progress(Progress("prepare", done, total))
    repeats = modality.find_repeats(used)
    skipped += [leave_out(one, repeats[one.name]) for one in used if one.name in repeats]
    clock.add(work.shares_of(time.perf_counter() - started))
    counted = tuple(one for one in used if one.name not in repeats)
    truncated = tuple(position for position, clip_facts in facts.items() if not clip_facts.read_to_its_end)
    return PreparedStudy(counted, tuple(skipped), truncated, clock, facts)


def _prepare(
    modality: Modality, item: Acquisition | SkippedClip | AcquisitionReader
) -> tuple[Sequence[PreparedAcquisition | SkippedClip], ClipFacts | None, dict[str, float]]:
    """One acquisition read and each picture in it prepared, what the answer says of it, and the seconds of both."""
    clock = StageClock()
    with clock.stage("read"):
        read = item() if callable(item) else item
    if isinstance(read, SkippedClip):
        return (read,), None, clock.seconds
    with clock.stage("prepare"):
        try:
            pictures = modality.prepare(read)
        except ClipRejected as rejection:
            pictures = (SkippedClip(read.position, read.sha256, rejection.reason, rejection.text),)
    return pictures, read.facts, clock.seconds
