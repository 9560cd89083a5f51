"""Invented names, numbers and dates, which belong to no person, for headers and burned-in text."""

from dataclasses import dataclass

import numpy as np

_STARTS = (
    "Bra",
    "Cal",
    "Dor",
    "Fen",
    "Gal",
    "Hol",
    "Jas",
    "Kel",
    "Lor",
    "Mar",
    "Nor",
    "Pel",
    "Quil",
    "Ros",
    "Tam",
    "Wex",
)
_MIDDLES = ("a", "e", "i", "o", "an", "el", "in", "or", "us")
_ENDS = ("by", "dell", "field", "gard", "ham", "ley", "mere", "nik", "ow", "ster", "ton", "wick")
_GIVEN = (
    "Ada",
    "Bo",
    "Cleo",
    "Dag",
    "Ezra",
    "Fia",
    "Gus",
    "Ines",
    "Jon",
    "Kit",
    "Lena",
    "Milo",
    "Nia",
    "Otto",
    "Pia",
    "Rolf",
)


@dataclass(frozen=True)
class InventedIdentity:
    """An invented person. name: family, given. date: year-month-day of the study."""

    name: str
    patient_id: str
    date: str
    birth_date: str
    sex: str


def invented_identity(seed: int) -> InventedIdentity:
    """The identity of a seed."""
    rng = np.random.default_rng([0x1DE, seed & 0xFFFFFFFF])
    family = "".join(str(rng.choice(np.array(part))) for part in (_STARTS, _MIDDLES, _ENDS))
    return InventedIdentity(
        name=f"{family.upper()}, {rng.choice(np.array(_GIVEN))}",
        patient_id=f"PH{int(rng.integers(10**6, 10**7))}",
        date=f"{int(rng.integers(2018, 2026))}-{int(rng.integers(1, 13)):02d}-{int(rng.integers(1, 29)):02d}",
        birth_date=f"{int(rng.integers(1930, 2000))}-{int(rng.integers(1, 13)):02d}-{int(rng.integers(1, 29)):02d}",
        sex=str(rng.choice(np.array(("F", "M", "O")))),
    )
