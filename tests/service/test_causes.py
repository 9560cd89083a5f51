"""Causes in words: nothing of a file's content, no class name where the cause is known."""

import errno
import sqlite3

import pytest
from sqlalchemy.exc import DatabaseError, OperationalError

from service.causes import cause_of
from service.errors import StoreInUse


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "x"), "no space is left on its disk"),
        (OSError(errno.EMFILE, "x"), "this process has no file descriptors left: raise its limit (ulimit -n)"),
        (FileNotFoundError(errno.ENOENT, "x"), "it is not there"),
        (OSError(errno.EADDRINUSE, "x"), "another process listens there"),
        (OperationalError("INSERT x", {}, sqlite3.OperationalError("database or disk is full")), "no space"),
        (DatabaseError("SELECT x", {}, sqlite3.DatabaseError("file is not a database")), "damaged or no database"),
        (DatabaseError("SELECT x", {}, sqlite3.DatabaseError("database disk image is malformed")), "it is damaged"),
        (OperationalError("x", {}, sqlite3.OperationalError("database is locked")), "another program holds it"),
        (OperationalError("x", {}, sqlite3.OperationalError("unable to open database file")), "cannot be opened"),
        (StoreInUse("store X: another process holds it"), "store X: another process holds it"),
        (ValueError("JANE^DOE"), "ValueError"),
    ],
)
def test_each_is_said(error: Exception, said: str) -> None:
    assert cause_of(error).startswith(said) or said in cause_of(error)


def test_the_cause_of_a_cause_is_found() -> None:
    outer = RuntimeError("JANE^DOE")
    outer.__cause__ = OSError(errno.EROFS, "x")
    assert cause_of(outer) == "its file system is read-only"
