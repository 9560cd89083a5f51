"""Sentences of messy reports: free ones, and such as name or number somebody, in both languages; what is planted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from faker import Faker


@dataclass(frozen=True)
class Marker:
    """Something planted that must be found nowhere afterwards."""

    kind: str
    text: str


class Draw:
    """Draws identifiers for one study and remembers them."""

    def __init__(self, fakers: Sequence[Faker], rng: np.random.Generator, patient: str, signer: str) -> None:
        self._fakers, self._rng, self._patient, self._signer = fakers, rng, patient, signer
        self.markers: list[Marker] = []

    def _plant(self, kind: str, text: str) -> str:
        self.markers.append(Marker(kind, text))
        return text

    def _faker(self) -> Faker:
        return self._fakers[int(self._rng.integers(len(self._fakers)))]

    def name(self) -> str:
        """A last name."""
        return self._plant("name", self._faker().last_name())

    def full(self) -> str:
        """A first and a last name."""
        faker = self._faker()
        return f"{self._plant('name', faker.first_name())} {self._plant('name', faker.last_name())}"

    def own(self) -> str:
        """The patient's own last name."""
        return self._plant("name", self._patient.split(",")[0])

    def day(self) -> str:
        """A date in one of many forms."""
        day = date(2012, 1, 1) + timedelta(days=int(self._rng.integers(4500)))
        forms = (
            "%Y-%m-%d",
            "%d/%m/%Y",
            "%m/%d/%Y",
            "%d.%m.%Y",
            "%d %B %Y",
            "%B %d, %Y",
            "%d-%b-%y",
            "%Y%m%d",
            "%m/%d/%y",
        )
        return self._plant("date", day.strftime(forms[int(self._rng.integers(len(forms)))]))

    def clock(self) -> str:
        """A time of day."""
        return self._plant(
            "time", f"{self._rng.integers(10, 24)}:{self._rng.integers(10, 60)}:{self._rng.integers(10, 60)}"
        )

    def number(self) -> str:
        """An id of digits."""
        return self._plant("id", str(self._rng.integers(100_000, 10**9)))

    def code(self) -> str:
        """An id of letters and digits."""
        letters = "".join(self._rng.choice(list("ABCDEHKLMUX"), 2))
        return self._plant("id", f"{letters}{self._rng.integers(10, 100)}-{self._rng.integers(1000, 10**6)}")

    def phone(self) -> str:
        """A telephone number."""
        return self._plant(
            "phone",
            self._fakers[0].numerify("(###) ###-####")
            if self._rng.random() < 0.5
            else f"+49 {self._rng.integers(100, 999)} {self._rng.integers(10**5, 10**7)}",
        )

    def age(self) -> str:
        """An age above 89."""
        return self._plant("age", f"{self._rng.integers(90, 104)}-year-old")

    def mail(self) -> str:
        """An address of mail."""
        return self._plant("mail", self._faker().ascii_safe_email())

    def place(self) -> str:
        """A town."""
        return self._plant("place", self._faker().city())

    def address(self) -> str:
        """A street and number."""
        return self._plant("address", self._fakers[0].street_address().split("\n")[0])


Sentences = tuple[Callable[[Draw], str], ...]

_ENGLISH_FREE = (
    "Chordal structures appear elongated with late systolic tenting of the posterior leaflet.",
    "Doppler alignment was difficult in apical views.",
    "E/e' ratio is {a}.{b} at rest.",
    "Flow reversal in the descending aorta was not sampled.",
    "Trabeculations are prominent near the apex; the ratio measures {a}.{b}.",
    "Contrast was not given because endocardial borders are well seen.",
    "A catheter tip crosses the tricuspid annulus, length about {a} cm.",
    "Strain analysis gave {a}{b} % with fair tracking.",
)
_ENGLISH: Sentences = (
    lambda d: f"Findings were discussed with Dr. {d.name()} on {d.day()}.",
    lambda d: f"Compared with the study of {d.day()}, no relevant change.",
    lambda d: f"Mild interval change since {d.day()}.",
    lambda d: f"Referred by {d.full()} for dyspnea, MRN {d.number()}.",
    lambda d: f"Call {d.phone()} with questions.",
    lambda d: f"{d.age()}, follow-up after surgery.",
    lambda d: f"Scanned by {d.name().lower()}, accession {d.code()}.",
    lambda d: f"Mr. {d.name()} tolerated the examination well.",
    lambda d: f"{d.own().upper()} WAS INFORMED ABOUT THE RESULT.",
    lambda d: f"Results were mailed to {d.mail()}.",
    lambda d: f"{d.own()} reports chest pain since {d.day()}.",
    lambda d: f"The image set {d.code()} shows a sclerotic annulus.",
    lambda d: f"Prior surgery by Prof. {d.full()} in {d.place()}.",
    lambda d: f"Copy to {d.address()}.",
    lambda d: f"{d.full()} agrees with this reading.",
    lambda d: f"Acquired {d.day()} at {d.clock()}.",
)
_GERMAN_FREE = (
    "Die Anschallbedingungen waren von apikal eingeschränkt.",
    "E/e' beträgt {a},{b} in Ruhe.",
    "Die Sehnenfäden wirken verlängert, das hintere Segel schließt spät.",
    "Kontrastmittel wurde nicht gegeben, die Endokardgrenzen sind gut erkennbar.",
    "Die Strain-Analyse ergab {a}{b} % bei guter Verfolgung.",
    "Eine Katheterspitze liegt im Bereich des Trikuspidalrings.",
)
_GERMAN: Sentences = (
    lambda d: f"Befund am {d.day()} mit Dr. {d.name()} besprochen.",
    lambda d: f"Im Vergleich zum {d.day()} keine wesentliche Änderung.",
    lambda d: f"Zuweisung durch {d.full()} wegen Dyspnoe, Fallnummer {d.number()}.",
    lambda d: f"Rückfragen unter {d.phone()}.",
    lambda d: f"Herr {d.name()} hat die Untersuchung gut vertragen.",
    lambda d: f"Frau {d.own()} wurde über das Ergebnis informiert.",
    lambda d: f"Bilder {d.code()} liegen im Archiv.",
    lambda d: f"Der Befund geht an {d.mail()}.",
    lambda d: f"Voroperation durch Prof. {d.full()} in {d.place()}.",
    lambda d: f"Aufgenommen am {d.day()} um {d.clock()}.",
)
FREE = {"en": _ENGLISH_FREE, "de": _GERMAN_FREE}
ADMINISTRATIVE = {"en": _ENGLISH, "de": _GERMAN}
