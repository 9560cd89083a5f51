"""Why the system refused something, in words that an operator can act on: never a number, never a class alone."""

import errno
from collections.abc import Mapping
from typing import Final

from service.errors import ServiceError

_ERRNO: Final[Mapping[int, str]] = {
    errno.ENOSPC: "no space is left on its disk",
    errno.EDQUOT: "its disk quota is used up",
    errno.EROFS: "its file system is read-only",
    errno.EACCES: "this user may not use it",
    errno.EPERM: "this user may not use it",
    errno.ENOENT: "it is not there",
    errno.ENOTDIR: "a part of its path is no folder",
    errno.EISDIR: "it is a folder",
    errno.EIO: "its disk fails (input/output error)",
    errno.EMFILE: "this process has no file descriptors left: raise its limit (ulimit -n)",
    errno.ENFILE: "the machine has no file descriptors left",
    errno.EADDRINUSE: "another process listens there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.ELOOP: "its links lead in a circle",
    errno.ENAMETOOLONG: "its name is too long",
}
# What databases say, in lower case: SQLite's result codes (sqlite.org/rescode.html) have no other form in Python.
_SAID: Final[Mapping[str, str]] = {
    "disk is full": "no space is left on its disk",
    "malformed": "it is damaged; restore it from a backup, or move it away to begin a new one",
    "not a database": "it is damaged or no database; restore it from a backup, or move it away to begin a new one",
    "disk i/o error": "its disk fails (input/output error)",
    "readonly": "it may not be written",
    "unable to open": "it cannot be opened; is its folder there, and may this user write in it?",
    "locked": "another program holds it",
}


def cause_of(error: BaseException) -> str:
    """The innermost cause that is known, in words; else the name of the error's class, whose message may quote a file.

    Our own errors' messages quote none and are kept.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ServiceError) and str(seen):
            return str(seen)
        if isinstance(seen, OSError) and seen.errno is not None and seen.errno in _ERRNO:
            return _ERRNO[seen.errno]
        said = str(seen).lower()
        if found := next((words for part, words in _SAID.items() if part in said), None):
            return found
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__
