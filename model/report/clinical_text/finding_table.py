"""The modality's table of findings: which subject and aspect make which entity, and what words mean for it.

A YAML file:

    kinds      name → attribute; graded; plain: value of a bare mention; negated: value of a denied one;
               bare: aspect → value of a bare mention of that aspect;
               states: state → value; attributes: value → attribute where it differs
    entities   section → key → kind; name: of the finding, the key unless given; also: further findings
               [[entity, value], ...] that are stated with it;
               units, low, high, fraction of numbers; bands of a bound
    aspects    name → subject → entity; "*": the subject that is meant where none is named
    defaults   subject → state → aspect: what "normal" or "dilated" means of it without an aspect
    lengths    subject → entity of a bare length
    groups     subject → the subjects that it stands for
    lesions    aspects whose grade and negation may be shared in a list ("mild MR and TR")
    unseen     subject → aspect that a subject "not seen" leaves unknown
    negative   values that deny or are normal; unknown: values that say that nothing can be said
    siblings   subjects of one rank: what fits not the one named last is not said of another
    parents    subject → the subject that it is part of, for what is said of the whole
    turns      aspect → state → the aspect that is meant then ("calcified leaflets")
    quiet      measurements of which "normal" says no more than the number beside it
    attends    aspect → the aspect that it describes more closely, and falls with
    measured   aspect → the aspect that its number is stated as
    lasting    aspects that are still there after they were done ("prior valve replacement")
    between    values between healthy and not, which are stated with a doubt
    foreign    subjects of which nothing is a finding here ("coronary stenosis")
    outweighs  entity → values, the first of which stands where several are stated
    beside     aspects that leave a bare length to their subject ("IVC 24 mm, collapses"); may be missing, like these:
    belies     entity → the entity that cannot be normal beside it ("thickened, functions normally")
    partial    aspects that another kind of examination shows too, and only these (an ECG: "LVH")
    qualifies  aspect → state → the lesions that it describes where one is named ("restrictive VSD")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from model.errors import LanguageError
from model.report.clinical_text.numbers import SCALE, Number


@dataclass(frozen=True)
class Kind:
    """How words become a value."""

    attribute: str
    states: Mapping[str, str]
    graded: bool = False
    plain: str | None = None
    negated: str | None = None  # "not dilated", "no stenosis"
    lacking: str | None = None  # "no collapse", where the bare word names something healthy
    grades: Mapping[str, str] = field(default_factory=dict)  # grade → value, where it is not the grade itself
    attributes: Mapping[str, str] = field(default_factory=dict)
    bare: Mapping[str, str] = field(default_factory=dict)  # aspect → value where only it is named ("aneurysm")
    ordinal: str | None = None  # "grade_{}" where a numeral is kept as a grade of its own
    percent: tuple[str, str] = ()  # type: ignore[assignment]  # value below and above half, where a percentage judges

    def attribute_of(self, value: str | None) -> str:
        """The attribute that a finding with this value has."""
        return self.attributes.get(value or "", self.attribute)


@dataclass(frozen=True)
class Entity:
    """A finding as it is stated: name, kind and section; units: accepted units of its number, None for no unit.

    key: its name in the table; several entries may state a finding of the same name.
    """

    key: str
    name: str
    kind: Kind
    section: str
    also: tuple[tuple[str, str], ...] = ()
    units: tuple[str | None, ...] = ()
    low: float = float("-inf")
    high: float = float("inf")
    fraction: bool = False
    bands: tuple[tuple[str, float, float], ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # value → the finding's name, where it differs
    rank: int = 1  # 0: bears on a label, so may be the main finding

    def takes(self, number: Number) -> Number | None:
        """The number as this entity states it; None where unit or size do not fit."""
        if self.fraction and number.unit is None and number.high <= 1.0:
            number = number._replace(low=round(number.low * 100, 2), high=round(number.high * 100, 2), unit="%")
        if number.unit not in self.units:
            return None
        unit = number.unit or self.units[0]
        factor = SCALE.get((unit or "", self.units[0] or ""), 1.0)
        fits = self.low <= number.low * factor and number.high * factor <= self.high
        return number._replace(unit=unit) if fits else None


@dataclass(frozen=True)
class FindingTable:
    """The table, checked. Raises LanguageError where a name has no entry."""

    entities: Mapping[str, Entity]
    aspects: Mapping[str, Mapping[str, str]]
    defaults: Mapping[str, Mapping[str, str]]
    lengths: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]]
    lesions: frozenset[str]
    unseen: Mapping[str, str]
    negative: frozenset[str]
    unknown: frozenset[str]
    parents: Mapping[str, str]
    outweighs: Mapping[str, Sequence[str]]
    turns: Mapping[str, Mapping[str, str]]
    quiet: frozenset[str]
    foreign: frozenset[str]
    between: frozenset[str]
    lasting: frozenset[str]
    measured: Mapping[str, str]
    attends: Mapping[str, str]
    beside: frozenset[str]
    belies: Mapping[str, str]
    qualifies: Mapping[str, Mapping[str, Sequence[str]]]
    partial: frozenset[str]
    siblings: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The table of a file."""
        data: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        kinds = {name: Kind(**fields) for name, fields in data["kinds"].items()}
        entities = {}
        for section, names in data["entities"].items():
            for name, fields in names.items():
                entities[name] = _entity(name, section, fields, kinds)
        return cls(
            entities=entities,
            aspects=data["aspects"],
            defaults=data["defaults"],
            lengths=data["lengths"],
            groups={name: tuple(members) for name, members in data["groups"].items()},
            lesions=frozenset(data["lesions"]),
            unseen=data["unseen"],
            negative=frozenset(data["negative"]),
            unknown=frozenset(data["unknown"]),
            parents=data["parents"],
            outweighs=data["outweighs"],
            turns=data["turns"],
            foreign=frozenset(data["foreign"]),
            between=frozenset(data["between"]),
            lasting=frozenset(data["lasting"]),
            measured=data["measured"],
            attends=data["attends"],
            quiet=frozenset(data["quiet"]),
            beside=frozenset(data.get("beside", ())),
            belies=data.get("belies", {}),
            qualifies=data.get("qualifies", {}),
            partial=frozenset(data.get("partial", ())),
            siblings=frozenset(data.get("siblings", ())),
        )

    def __post_init__(self) -> None:
        named = [entity for subjects in self.aspects.values() for key, entity in subjects.items() if key != "*"]
        named += self.lengths.values()
        missing = sorted({name for name in named if name not in self.entities})
        if missing:
            raise LanguageError(f"the table of findings names entities that it does not describe: {missing}")

    def entity_of(self, subject: str, aspect: str) -> Entity | None:
        """The entity of an aspect of a subject; None where there is none."""
        name = self.aspects.get(aspect, {}).get(subject)
        return None if name is None else self.entities[name]

    def default_subject(self, aspect: str) -> str | None:
        """The subject that an aspect means where none is named."""
        return self.aspects.get(aspect, {}).get("*")


def _entity(name: str, section: str, fields: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Entity:
    given = dict(fields)
    kind = kinds[given.pop("kind")]
    also = tuple((other, value) for other, value in given.pop("also", ()))
    bands = tuple((value, low, high) for value, low, high in given.pop("bands", ()))
    units = tuple(None if unit == "" else unit for unit in given.pop("units", ()))
    stated = given.pop("name", name)
    return Entity(name, stated, kind, section, also=also, bands=bands, units=units, **given)
