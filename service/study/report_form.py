"""The fields of a report's form beside its files: which there are, and how each is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, get_args

from index.candidate_keys import KEY_PATTERN
from service.answer.samples import Samples
from service.errors import InvalidField
from service.schemas import Mode


@dataclass(frozen=True)
class ReportForm:
    """The fields that may stand beside the files; None where one was not sent."""

    mode: Mode | None = None
    k: int | None = None
    lang: str | None = None
    patient_key: str | None = field(default=None, repr=False)
    include_prior: bool = False
    samples: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    seed: int | None = None

    def with_field(self, name: str, value: str) -> "ReportForm":
        """The form with one more of `FIELDS`. Raises InvalidField when its value cannot be read."""
        return replace(self, **{name: _READ[name](name, value)})

    @property
    def drawn(self) -> Samples | None:
        """The further drafts that are asked for.

        Raises InvalidField for a value out of range, or where the form says how they are drawn and not how many.
        """
        how = {"temperature": self.temperature, "top_k": self.top_k, "seed": self.seed}
        given: dict[str, Any] = {name: value for name, value in how.items() if value is not None}
        if self.samples is None and given:
            name = next(iter(given))
            raise InvalidField(f"{name}: says how further drafts are drawn, but `samples` asks for none", field=name)
        try:
            return None if self.samples is None else Samples(self.samples, **given)
        except ValueError as error:
            raise InvalidField(str(error), field=str(error).partition(":")[0]) from error


def _mode(name: str, value: str) -> Mode:
    for mode in get_args(Mode):
        if value == mode:
            return mode  # type: ignore[no-any-return]  # one of the literals
    raise InvalidField(f"{name}: must be one of {', '.join(get_args(Mode))}", field=name)


def _text(_: str, value: str) -> str:
    return value


def _pseudonym(name: str, value: str) -> str:
    """A patient key. Raises InvalidField, which does not say it again: somebody may have sent the patient's own id."""
    if not re.fullmatch(KEY_PATTERN, value):
        raise InvalidField(f"{name}: must be a pseudonym of 32 lower-case hex digits", field=name)
    return value


def _flag(name: str, value: str) -> bool:
    if value not in {"true", "false"}:
        raise InvalidField(f"{name}: must be true or false", field=name)
    return value == "true"


def _whole(name: str, value: str) -> int:
    # isdecimal and not int(): int takes "+5", "1_000" and " 5 " as well
    if not (value.isascii() and value.removeprefix("-").isdecimal()):
        raise InvalidField(f"{name}: must be a whole number", field=name)
    return int(value)


def _number(name: str, value: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", value):
        raise InvalidField(f"{name}: must be a number such as 0.7", field=name)
    return float(value)


_READ: Final[Mapping[str, Callable[[str, str], Any]]] = MappingProxyType(
    {
        "mode": _mode,
        "k": _whole,
        "lang": _text,
        "patient_key": _pseudonym,
        "include_prior": _flag,
        "samples": _whole,
        "temperature": _number,
        "top_k": _whole,
        "seed": _whole,
    }
)
FIELDS: Final = tuple(_READ)
