"""Which waiting studies are read while another is on the device."""

from collections.abc import Iterable, Iterator
from typing import Final

from service.study.job import StudyJob

_READ_AHEAD: Final = 2  # waiting studies that may be read already; what is prepared of each stays in memory


def to_be_begun(waiting: Iterable[StudyJob], running: StudyJob | None) -> Iterator[StudyJob]:
    """The first that wait, beside those that take long. One that rests lets others pass, a suspect is alone.

    Whoever iterates marks each as begun.
    """
    waiting, ahead = tuple(waiting), _READ_AHEAD + (running is None)
    for job in waiting:
        if job.is_resting or job.is_begun:
            continue
        begun = [each for each in waiting if each.is_begun and not each.is_slow]
        busy = [*begun, *([running] if running else [])]
        if len(begun) >= ahead or any(each.is_suspect for each in busy) or (job.is_suspect and busy):
            return
        yield job
