"""A bank folder with versions: each is a bank of its own, and the file `current` names the one that is served.

    BANK/current     "000002"
    BANK/000001/     bank.json ...
    BANK/000002/     bank.json ...

A version is written whole before `current` names it, and `current` is replaced in one step, so that a reader sees the
old bank or the new one and never a part of either.
"""

import os
import re
import shutil
from pathlib import Path

from index.errors import BankCorrupt
from index.manifest import MANIFEST_FILE

CURRENT = "current"
_VERSION = re.compile(r"[0-9]{6}")


def current_bank(folder: Path) -> Path:
    """The folder of the bank: the current version of a folder that has versions, else the folder itself.

    Raises BankCorrupt when `current` names no version.
    """
    if (folder / MANIFEST_FILE).exists() or not (folder / CURRENT).is_file():
        return folder
    name = (folder / CURRENT).read_text(encoding="utf-8", errors="replace").strip()
    if not _VERSION.fullmatch(name) or not (folder / name).is_dir():
        raise BankCorrupt(f"{folder / CURRENT}: names no version of this bank")
    return folder / name


def versions(folder: Path) -> list[str]:
    """Names of the versions that are on disk, oldest first."""
    return sorted(path.name for path in folder.glob("*") if _VERSION.fullmatch(path.name) and path.is_dir())


def next_version(folder: Path) -> Path:
    """Where the next version is to be written; a number is never used twice."""
    named = (folder / CURRENT).read_text(encoding="utf-8").strip() if (folder / CURRENT).is_file() else "0"
    return folder / f"{max(map(int, [*versions(folder), named])) + 1:06d}"


def make_current(version: Path) -> None:
    """Makes `current` name a finished version, in one step."""
    pointer = version.parent / CURRENT
    writing = version.parent / f".{CURRENT}.unfinished"
    with writing.open("w", encoding="utf-8") as file:
        file.write(version.name + "\n")
        file.flush()
        os.fsync(file.fileno())
    writing.replace(pointer)


def remove_versions_before(version: Path, keep: int = 0) -> None:
    """Removes the versions older than this one but for the `keep` newest of them.

    A service that still serves one keeps its open files until it has swapped.
    """
    for unfinished in version.parent.glob(".*.removed"):  # an earlier removal that was stopped
        shutil.rmtree(unfinished)
    older = [name for name in versions(version.parent) if name < version.name]
    for name in older[: len(older) - keep]:
        gone = (version.parent / name).rename(version.parent / f".{name}.removed")  # at once, then file by file
        shutil.rmtree(gone)
