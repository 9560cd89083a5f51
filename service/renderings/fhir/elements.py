"""Elements that FHIR resources are made of, and the required code lists that they keep to (R4B, 4.3.0)."""

import unicodedata
from collections.abc import Mapping
from html import escape
from typing import Any, Final
from uuid import UUID, uuid5

from service.modalities.codes import LOCAL, Code
from service.renderings.ucum import ucum_code

Json = dict[str, Any]
UCUM: Final = "http://unitsofmeasure.org"
SYSTEMS: Final[Mapping[str, str]] = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "0074": "http://terminology.hl7.org/CodeSystem/v2-0074",
}
_OURS: Final = "urn:echoscribe:codes"


def own_system(modality: str) -> str:
    """The code system of a modality's names; it is ours, and no registry knows it."""
    return f"{_OURS}:{modality}" if modality else _OURS


def coding(code: Code, modality: str) -> Json:
    """A Coding."""
    system = own_system(modality) if code.system == LOCAL else SYSTEMS[code.system]
    return {"system": system, "code": code.code, "display": plain(code.display)}


def concept(text: str, *codings: Json) -> Json:
    """A CodeableConcept with the words of the report."""
    return {**({"coding": list(codings)} if codings else {}), "text": plain(text)}


def terminology(name: str, code: str, display: str) -> Json:
    """A Coding of one of HL7's own code systems."""
    return {"system": f"http://terminology.hl7.org/CodeSystem/{name}", "code": code, "display": display}


def quantity(value: float, unit: str | None) -> Json:
    """A Quantity of at most six digits, more than any vote is worth; a unit without a UCUM code is only written out."""
    code, value = ucum_code(unit), float(f"{value:.6g}")
    coded = {} if code is None else {"system": UCUM, "code": code}
    return {"value": value, **({"unit": unit} if unit else {}), **coded}


def full_url(study_id: str, name: str) -> str:
    """A URN for a resource of a study's bundle, the same each time."""
    return f"urn:uuid:{uuid5(_namespace(study_id), name)}"


def _namespace(study_id: str) -> UUID:
    try:
        return UUID(study_id)
    except ValueError:  # ids of ours are UUIDs; a document that was written by hand may hold another
        return uuid5(UUID(int=0), study_id)


def plain(text: str) -> str:
    """The text without characters that XML and FHIR's strings forbid, and never empty."""
    kept = "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cs"})
    return kept.strip() or "-"


def narrative(*paragraphs: str) -> Json:
    """A Narrative of paragraphs; nothing in it is taken from elsewhere than the resource's own report."""
    body = "".join(f"<p>{escape(plain(text), quote=False)}</p>" for text in paragraphs)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'}
