"""The code lists that FHIR R4B requires, for every element that we write: `fhir.resources` parses and does not check.

Source: HL7 FHIR R4B (4.3.0), the `required` bindings of each resource.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.renderings.fhir.elements import UCUM
from service.renderings.ucum import ucum_codes

# Resource or data type, and element → what may stand there.
REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "Bundle.type": frozenset(
        [
            "document",
            "message",
            "transaction",
            "transaction-response",
            "batch",
            "batch-response",
            "history",
            "searchset",
            "collection",
        ]
    ),
    "Composition.status": frozenset(["preliminary", "final", "amended", "entered-in-error"]),
    "DiagnosticReport.status": frozenset(
        [
            "registered",
            "partial",
            "preliminary",
            "final",
            "amended",
            "corrected",
            "appended",
            "cancelled",
            "entered-in-error",
            "unknown",
        ]
    ),
    "Observation.status": frozenset(
        ["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"]
    ),
    "Device.status": frozenset(["active", "inactive", "entered-in-error", "unknown"]),
    "Device.deviceName.type": frozenset(
        ["udi-label-name", "user-friendly-name", "patient-reported-name", "manufacturer-name", "model-name", "other"]
    ),
    "Provenance.entity.role": frozenset(["derivation", "revision", "quotation", "source", "removal"]),
    "text.status": frozenset(["generated", "extensions", "additional", "empty"]),
}
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646: the form, all-languages
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+(; ?charset=[\w-]+)?")  # BCP 13
_OPEN: Final = {"language": _LANGUAGE, "contentType": _MEDIA_TYPE}


class BindingBroken(ValueError):
    """A code of ours is none of a list that FHIR requires; the message names the element, the code and the list."""


def check_bindings(bundle: Mapping[str, Any]) -> None:
    """Raises BindingBroken for the first code that is none of its list, and for a unit that is no UCUM code of ours."""
    for path, value in _strings("Bundle", bundle):
        allowed = _allowed(path)
        if allowed is not None and value not in allowed:
            raise BindingBroken(f"{path}: {value!r} is none of {', '.join(sorted(allowed))}")
        form = _OPEN.get(path.rsplit(".", 1)[-1])
        if form is not None and not form.fullmatch(value):
            raise BindingBroken(f"{path}: {value!r} is no {path.rsplit('.', 1)[-1]}")
    for unit in _units(bundle):
        if unit not in ucum_codes():
            raise BindingBroken(f"Quantity.code: {unit!r} is none of {', '.join(ucum_codes())}")


def _allowed(path: str) -> frozenset[str] | None:
    """The list of a path; a Narrative's is found by its last two names, because every resource may hold one."""
    return REQUIRED.get(path) or REQUIRED.get(".".join(path.split(".")[-2:]))


def _strings(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Path and text of every string; a resource begins a path of its own."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(path, item)
    elif isinstance(value, Mapping):
        here = value.get("resourceType", path)
        for name, inner in value.items():
            yield from _strings(f"{here}.{name}", inner)


def _units(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _units(item)
    elif isinstance(value, Mapping):
        if value.get("system") == UCUM:
            yield value["code"]
        for inner in value.values():
            yield from _units(inner)
