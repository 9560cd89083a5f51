"""Units as UCUM codes them: what FHIR and DICOM take. Source: The Unified Code for Units of Measure, 2.1."""

from typing import Final

# Unit as a report writes it → UCUM, case sensitive.
_CODES: Final = {
    "%": "%",
    "mmHg": "mm[Hg]",
    "mm": "mm",
    "cm": "cm",
    "cm²": "cm2",
    "sq cm": "cm2",
    "ml": "mL",
    "mL": "mL",
    "ml/m²": "mL/m2",
    "mL/m²": "mL/m2",
    "cm/s": "cm/s",
    "m/s": "m/s",
    "g/m²": "g/m2",
    "ms": "ms",
    "mV": "mV",
    "/min": "/min",
    "bpm": "/min",
    "": "1",
    "1": "1",  # a share
}


def ucum_code(unit: str | None) -> str | None:
    """The UCUM code of a unit, None where there is none: then the unit is only written out."""
    return _CODES.get((unit or "").strip())


def ucum_codes() -> tuple[str, ...]:
    """Every code that may be written."""
    return tuple(dict.fromkeys(_CODES.values()))
