"""What another lab writes of a patient: narrative, abbreviated, in English or German. Facts come from the phantom.

Nothing here is a wording of the report language, so that reading it measures the grammar and not a list.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from scripts.rendered.phantom.patient.findings import elevated_la_pressure
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.state import Grade, HeartState, WallMotion

_GRADE: Mapping[str, Mapping[Grade, tuple[str, ...]]] = {
    "en": {
        Grade.TRACE: ("trace", "trivial"),
        Grade.MILD: ("mild", "mild (1+)"),
        Grade.MODERATE: ("moderate", "mod", "moderate (2+)"),
        Grade.SEVERE: ("severe", "severe (4+)"),
    },
    "de": {
        Grade.TRACE: ("minimale",),
        Grade.MILD: ("leichte", "geringe", "leichtgradige"),
        Grade.MODERATE: ("mittelgradige", "mäßige"),
        Grade.SEVERE: ("hochgradige", "schwere"),
    },
}
_LESIONS: Mapping[str, Mapping[str, str]] = {
    "en": {"mitral_regurgitation": "MR", "aortic_regurgitation": "AI", "tricuspid_regurgitation": "TR",
           "pulmonic_regurgitation": "PI", "mitral_stenosis": "MS", "aortic_stenosis": "AS"},
    "de": {"mitral_regurgitation": "MI", "aortic_regurgitation": "AI", "tricuspid_regurgitation": "TI",
           "pulmonic_regurgitation": "PI", "mitral_stenosis": "Mitralstenose", "aortic_stenosis": "Aortenstenose"},
}  # fmt: skip


class Stranger:
    """Writes the sentences of one patient."""

    def __init__(self, state: HeartState, language: str, rng: np.random.Generator) -> None:
        self._state, self._german, self._rng = state, language == "de", rng
        self._language = language
        self._number = measurements_of(state)

    def body(self) -> list[str]:
        """The sentences of the findings."""
        return [*self._left(), *self._right(), *self._atria(), *self._valves(), *self._vessels(), *self._devices()]

    def impression(self) -> list[str]:
        """Two sentences that say the most important again."""
        ejection = self._number["ejection_fraction"]
        return [f"EF {ejection:.0f} %.", self._lesion("mitral_regurgitation")]

    def _say(self, english: str, german: str) -> str:
        return german if self._german else english

    def _one(self, *forms: str) -> str:
        return forms[int(self._rng.integers(len(forms)))]

    def _left(self) -> list[str]:
        ejection = self._number["ejection_fraction"]
        moving = all(score == WallMotion.NORMAL for score in self._state.wall_motion)
        return [
            self._one(
                self._say(f"LVEF {ejection:.0f}% (biplane).", f"LVEF biplan {ejection:.0f} %."),
                self._say(
                    f"EF by Simpson's is approximately {ejection:.0f} %.", f"EF ca. {ejection:.0f}%, nach Simpson."
                ),
            ),
            self._say("No RWMA.", "Keine WBS.")
            if moving
            else self._say("Regional hypokinesis is seen.", "Regionale Hypokinesie."),
            *(
                [self._say("Raised LAP.", "LA-Druck erhöht.")]
                if elevated_la_pressure(self._state)
                else [self._say("Normal filling pressures.", "Füllungsdrücke normal.")]
            ),
        ]

    def _right(self) -> list[str]:
        tapse, width = self._number["tapse"], self._number["rv_basal_diameter"]
        size = self._say("dilated", "dilatiert") if width > 4.1 else self._say("not dilated", "nicht dilatiert")
        return [f"RV {size}, TAPSE {tapse:.0f}mm."]

    def _atria(self) -> list[str]:
        volume, area = self._number["la_volume_index"], self._number["ra_area"]
        left = f"LAVI {self._decimal(volume)} ml/m²"
        right = (
            self._say("RA enlarged", "RA vergrößert") if area > 18 else self._say("RA normal in size", "RA normal groß")
        )
        return [f"{left}; {right}."]

    def _decimal(self, value: float) -> str:
        return f"{value:.1f}".replace(".", "," if self._german else ".")

    def _lesion(self, name: str) -> str:
        grade, word = getattr(self._state, name), _LESIONS[self._language][name]
        if grade == Grade.NONE:
            return self._say(f"No {word}.", f"Keine {word}.")
        said = self._one(*_GRADE[self._language][grade])
        return f"{said[:1].upper()}{said[1:]} {word}."

    def _valves(self) -> list[str]:
        names = list(_LESIONS[self._language])
        shape = (
            self._say("Bicuspid AV.", "AK bikuspid.")
            if self._state.bicuspid_aortic_valve
            else self._say("AV tri-leaflet.", "AK trikuspid.")
        )
        absent = [name for name in names if getattr(self._state, name) == Grade.NONE]
        there = [self._lesion(name) for name in names if name not in absent]
        words = [_LESIONS[self._language][name] for name in absent]
        if len(words) > 1:
            listed = f"{', '.join(words[:-1])} {self._say('or', 'oder')} {words[-1]}"
            there.append(self._say(f"No {listed}.", f"Keine {listed}."))
        elif words:
            there.append(self._say(f"No {words[0]}.", f"Keine {words[0]}."))
        return [shape, *there]

    def _vessels(self) -> list[str]:
        root, pressure = self._number["aortic_root_diameter"], self._number["pulmonary_artery_pressure"]
        width, fluid = self._number["ivc_diameter"], self._number["pericardial_effusion_width"]
        return [
            self._say(f"Ao root {root:.1f} cm.", f"Aortenwurzel {root * 10:.0f} mm."),
            self._say(f"RVSP {pressure:.0f} mmHg.", f"sPAP {pressure:.0f} mmHg."),
            self._say(f"IVC {width:.1f}cm.", f"VCI {width * 10:.0f} mm."),
            self._say(f"Pericardial effusion, {fluid:.0f} mm.", f"PE {fluid:.0f} mm.")
            if fluid >= 1
            else self._say("No pericardial effusion noted.", "Kein PE."),
        ]

    def _devices(self) -> list[str]:
        found: Mapping[str, tuple[Any, str, str]] = {
            "pacemaker": (self._state.pacemaker, "Pacer wire noted.", "SM-Sonde im RV."),
            "impella": (self._state.impella, "Impella in situ.", "Impella in situ."),
            "mitraclip": (self._state.mitraclip, "S/p MitraClip.", "Z.n. MitraClip."),
            "tavr": (self._state.tavr, "S/p TAVR.", "Z.n. TAVI."),
        }
        return [self._say(english, german) for there, english, german in found.values() if there]
