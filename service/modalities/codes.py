"""The codes of a modality's quantities and findings, free of networks: what FHIR and DICOM name them by.

They stand once, in `codes.yaml` of the modality's own room. What has no code there is coded by its own name in a
code system of ours, whatever the modality.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import yaml

_ROOMS: Final = {"echo": "model.echo"}  # modalities that bring codes
_FIRST = "echo"  # of documents that were stored before they named their modality
LOCAL: Final = "local"


@dataclass(frozen=True)
class Code:
    """A concept. system: LN (LOINC), SCT (SNOMED CT), DCM (DICOM), 0074 (HL7 v2), or `local`: ours.

    when: `present` where the code is true of a positive call alone.
    """

    system: str
    code: str
    display: str
    when: Literal["any", "present"] = "any"
    source: str = "ours"


@dataclass(frozen=True)
class ModalityCodes:
    """The codes of a modality; each table is keyed by name, `traced` by name or name:method."""

    modality: str
    report: Code | None = None
    procedure: Code | None = None
    service: Code | None = None
    phenotypes: Mapping[str, Code] = field(default_factory=dict)
    measurements: Mapping[str, Code] = field(default_factory=dict)
    traced: Mapping[str, Code] = field(default_factory=dict)

    def local(self, name: str, display: str) -> Code:
        """The code of ours for a name."""
        return Code(LOCAL, name, display)

    def phenotype(self, name: str, *, positive: bool | None) -> Code | None:
        """A phenotype's code, None where there is none that is true of this call."""
        found = self.phenotypes.get(name)
        return found if found is not None and (found.when == "any" or positive) else None

    def traced_as(self, name: str, method: str) -> Code | None:
        """The code of what was measured by a method; of the quantity alone where the method has none."""
        return self.traced.get(f"{name}:{method}") or self.traced.get(name)


@cache
def modality_codes(modality: str) -> ModalityCodes:
    """The codes of a modality, none where it brings no file. An empty modality is the first there was."""
    name = modality or _FIRST
    if name not in _ROOMS:
        return ModalityCodes(name)
    text = (files(_ROOMS[name]) / "codes.yaml").read_text(encoding="utf-8")
    stated: Mapping[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders

    def one(key: str) -> Code | None:
        return Code(**stated[key]) if key in stated else None

    def table(key: str) -> dict[str, Code]:
        return {row: Code(**fields) for row, fields in stated.get(key, {}).items()}

    report, procedure, service = map(one, ("report", "procedure", "service"))
    return ModalityCodes(name, report, procedure, service, *map(table, ("phenotypes", "measurements", "traced")))
