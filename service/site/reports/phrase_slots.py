"""The numbers of a bank's phrases as slots of a report language: name, unit and plausible range."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from model.report.clinical_text.finding_table import Entity, FindingTable
from model.report.clinical_text.numbers import SCALE
from model.report.language.language import Band, Language, Slot
from service.site.reports.phrase_meaning import Quantity

# Unit → plausible range and decimals of a number of which the table of findings knows no range. Wider than any range of
# Lang et al. 2015 and Baumgartner et al. 2017: they only keep typing errors out.
_USUAL = {
    "mmHg": (0.0, 300.0, 0), "cm/s": (0.0, 900.0, 0), "m/s": (0.0, 9.0, 1), "cm": (0.0, 25.0, 1), "mm": (0.0, 250.0, 0),
    "%": (-60.0, 100.0, 0), "cm2": (0.0, 80.0, 1), "mm2": (0.0, 8000.0, 0), "ml": (0.0, 900.0, 0),
    "ml/m2": (0.0, 400.0, 0), "cm2/m2": (0.0, 40.0, 1), "ms": (0.0, 2000.0, 0), "s": (0.0, 2.0, 2),
    "g": (0.0, 900.0, 0), "g/m2": (0.0, 450.0, 0), "cm/m2": (0.0, 12.0, 1), "mm/m2": (0.0, 120.0, 0),
}  # fmt: skip
_WITHOUT_UNIT = (0.0, 500.0, 1)
_SHOWN = {"cm2": "cm²", "mm2": "mm²", "ml/m2": "ml/m²", "g/m2": "g/m²", "cm2/m2": "cm²/m²", "cm/m2": "cm/m²"}


@dataclass(eq=False)
class PhraseSlots:
    """The slots that phrases fill: the usual language's, and others as phrases ask for them.

    slots_of: name of a finding → the usual slot that its number fills.
    """

    usual: Language
    table: FindingTable
    slots_of: Mapping[str, str]
    slots: dict[str, Slot] = field(default_factory=dict)
    scaled: dict[str, tuple[str, float]] = field(default_factory=dict)  # slot → usual slot, and its unit in this one's

    def __post_init__(self) -> None:
        self.slots.update(self.usual.slots)
        self._entities: dict[str, Entity] = {}
        for entity in self.table.entities.values():
            if entity.units and (entity.name not in self._entities or entity.kind.attribute == "measurement"):
                self._entities[entity.name] = entity

    def slot_of(self, section: str, quantity: Quantity) -> str | None:
        """The slot that a quantity fills in a phrase of a section; None where the phrase cannot mean it."""
        entity = self._entities.get(quantity.entity)
        if entity is None or (entity.section != section and entity.rank > 0):
            return None  # a number of another organ is a misreading, unless a label rests on it
        unit = quantity.unit or entity.units[0] or ""
        usual = self.slots.get(self.slots_of.get(quantity.entity, ""))
        if usual is not None:
            factor = self._factor(usual, unit)
            if factor is not None:
                return usual.name if factor == 1.0 else self._add(self._scaled(usual, unit, factor))
        return self._add(self._own(entity, unit))

    def bands(self) -> tuple[Band, ...]:
        """The usual bands, and the same for the slots in other units."""
        other = [
            replace(band, slot=name, low=band.low * factor, high=band.high * factor)
            for name, (usual, factor) in self.scaled.items()
            for band in self.usual.bands
            if band.slot == usual
        ]
        return (*self.usual.bands, *other)

    @staticmethod
    def _factor(usual: Slot, unit: str) -> float | None:
        own = usual.unit.replace("²", "2")
        return 1.0 if unit in ("", own) else SCALE.get((own, unit))

    def _scaled(self, usual: Slot, unit: str, factor: float) -> Slot:
        name = f"{usual.name}_{_word(unit)}"
        self.scaled[name] = usual.name, factor
        decimals = usual.decimals + (1 if factor < 1 else -1)
        return Slot(name, unit, round(usual.low * factor, 3), round(usual.high * factor, 3), max(0, decimals), None)

    def _own(self, entity: Entity, unit: str) -> Slot:
        low, high, decimals = _USUAL.get(unit, _WITHOUT_UNIT)
        factor = 1.0 if unit == (entity.units[0] or "") else SCALE.get((entity.units[0] or "", unit))
        if factor is not None and entity.high < float("inf"):
            low, high = max(entity.low, 0.0) * factor, entity.high * factor
        name = f"{entity.name}_number" if entity.name in self.usual.slots else entity.name
        return Slot(f"{name}_{_word(unit)}" if unit else name, _SHOWN.get(unit, unit), low, high, decimals, None)

    def _add(self, slot: Slot) -> str:
        self.slots.setdefault(slot.name, slot)
        return slot.name


def _word(unit: str) -> str:
    """A unit as part of a slot's name, which holds no digit."""
    plain = unit.replace("%", "percent").replace("/", "_per_")
    for written, word in (("cm2", "sqcm"), ("mm2", "sqmm"), ("m2", "sqm")):
        plain = plain.replace(written, word)
    return "".join(letter for letter in plain if letter.isalpha() or letter == "_").lower()
