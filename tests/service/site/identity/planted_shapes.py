"""Draws what identifies somebody into the shapes of `planted_shapes.txt`: names of many languages, ids, dates."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from faker import Faker

_LOCALES = "en_US en_GB de_DE de_AT es_ES en_IN tr_TR pl_PL it_IT fr_FR nl_NL cs_CZ ro_RO pt_BR sv_SE hu_HU id_ID"
_ROMANISED = "Haddad Nasser Khalil Mansour Farouk Zaytoun Kim Choi Jung Yoon Nguyen Tran Pham Huynh Zheng Qiu"
_PARTICLES = ("van der", "de la", "von", "O'", "al-", "dos", "Mc")
_IDS = {
    "mrn": (
        "######",
        "########",
        "###-##-##",
        "E#######",
        "MR########",
        "### ### ####",
        "H00####",
        "A-######",
        "#######X",
    ),
    "acc": ("ACC######", "US-##-#####", "E##########", "####.###.##", "CV########", "ECH##-####"),
    "ser": ("PJN######H", "BLC######S", "########", "NHK####", "##A###-####", "RNG######G"),
    "tel": ("(###) ###-####", "###-###-####", "+1 ### ### ####", "+49 ### #######", "0## / ######", "### ####"),
    "num": ("######", "########", "##########"),
}
_DAYS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%d-%b-%y",
    "%Y%m%d",
    "%m/%d/%y",
    "%d%b%Y",
    "%Y/%m/%d",
)
_PIECE = re.compile(r"\{(\w+)\}")


@cache
def _fakers() -> tuple[Faker, ...]:
    return tuple(Faker(locale) for locale in _LOCALES.split())


def shapes() -> list[str]:
    """The sentences with what is to be drawn in braces."""
    lines = Path(__file__).with_name("planted_shapes.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


@dataclass
class Planting:
    """Fills shapes and remembers what it planted. markers: (kind, text)."""

    rng: random.Random
    markers: list[tuple[str, str]] = field(default_factory=list)

    def fill(self, shape: str) -> str:
        """The sentence."""
        return _PIECE.sub(lambda piece: self._piece(piece[1]), shape)

    def _piece(self, name: str) -> str:
        if name in _IDS:
            pattern = self.rng.choice(_IDS[name])
            return self._plant("id", "".join(self.rng.choice("23456789") if c == "#" else c for c in pattern))
        drawn: dict[str, Callable[[], str]] = {
            "last": self._last,
            "first": self._first,
            "full": lambda: f"{self._first()} {self._last()}",
            "hy": lambda: f"{self._last()}-{self._last()}",
            "low": lambda: self._last().lower(),
            "up": lambda: self._last().upper(),
            "first_upper": lambda: self._first().upper(),
            "particled": self._particled,
            "init": lambda: self.rng.choice("ABCDEFGHJKLMNPRSTW"),
            "day": lambda: self._plant("date", self._date().strftime(self.rng.choice(_DAYS))),
            "deday": lambda: self._plant("date", self._date().strftime(self.rng.choice(("%d.%m.%Y", "%d.%m.%y")))),
            "mail": lambda: self._plant("mail", self._faker().ascii_safe_email()),
            "town": lambda: self._plant("place", self._faker().city()),
            "street": lambda: self._plant("address", _fakers()[self.rng.randrange(4)].street_address().split("\n")[0]),
        }
        return drawn[name]()

    def _plant(self, kind: str, text: str) -> str:
        self.markers += [(kind, part) for part in (re.split(r"[ -]", text) if kind == "name" else [text])]
        return text

    def _faker(self) -> Faker:
        faker = self.rng.choice(_fakers())
        faker.seed_instance(self.rng.randrange(10**9))
        return faker

    def _last(self) -> str:
        romanised = self.rng.random() < 0.1
        return self._plant("name", self.rng.choice(_ROMANISED.split()) if romanised else self._faker().last_name())

    def _first(self) -> str:
        return self._plant("name", self._faker().first_name())

    def _particled(self) -> str:
        particle = self.rng.choice(_PARTICLES)
        return f"{particle}{'' if particle[-1] in '-c' or particle.endswith(chr(39)) else ' '}{self._last()}"

    def _date(self) -> date:
        return date(2009, 1, 2) + timedelta(days=self.rng.randrange(5600))


def planted(seed: int, each: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(sentence, markers) of every shape, several of each."""
    for number, shape in enumerate(shapes()):
        for again in range(each):
            planting = Planting(random.Random(f"{seed}-{number}-{again}"))
            sentence = planting.fill(shape)
            yield sentence, planting.markers
