"""Local names instead of upload positions, for the terminal of whoever owns the files; never for HTTP or logs."""

import re
from collections.abc import Mapping

_ONE = r"\d+(?:/\d+)?"  # a position, and which picture of its frames
_LIST = rf"{_ONE}(?:[,;] {_ONE})*"
# What our own sentences write before positions, in English and German.
_MENTION = re.compile(rf"(?P<lead>\bby position: |\b[Cc]lips? )(?P<list>{_LIST})|(?P<at>\bposition )(?P<one>\d+)")
_ARCHIVED = re.compile(r"\bFile (\d+) of the archive\b")
_GIVEN = re.compile(r"\bPath (\d+) of the upload\b")


def printable(name: str) -> str:
    """The name without characters that would steer a terminal; a zip may hold any."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def name_of(position: int, names: Mapping[int, str]) -> str:
    """The local name of the file at that position; the position where none is known."""
    return printable(names[position]) if names.get(position) else str(position)


def without_common_folder(names: Mapping[int, str]) -> dict[int, str]:
    """The names without the folders that all of them have in common: a report is read, not searched for."""
    parts = {position: re.split(r"[/\\]", name) for position, name in names.items()}
    shared = 0
    for folders in zip(*(part[:-1] for part in parts.values()), strict=False):
        if len(set(folders)) > 1:
            break
        shared += 1
    return {position: "/".join(part[shared:]) for position, part in parts.items()}


def with_names(text: str, names: Mapping[int, str]) -> str:
    """A sentence of the service in which positions are written as local names. Without names it stays as it is."""
    if not names:
        return text

    def one(number: str) -> str:
        position, stroke, panel = number.partition("/")
        return name_of(int(position), names) + stroke + panel

    def mention(found: re.Match[str]) -> str:
        if found["one"]:
            return one(found["one"])
        lead = "" if found["lead"].startswith("by ") else found["lead"]
        return lead + re.sub(_ONE, lambda number: one(number[0]), found["list"])

    text = _ARCHIVED.sub(lambda found: f"{one(found[1])} of the archive", text)
    text = _GIVEN.sub(lambda found: one(found[1]), text)
    return _MENTION.sub(mention, text)
