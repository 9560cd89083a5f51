"""The course of a heartbeat: contraction, valve opening and the ECG, as functions of time since the R wave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float32]


def smooth_step(x: NDArray[np.floating]) -> Curve:
    """0 below 0, 1 above 1, without a corner in between (the cubic 3x² − 2x³)."""
    clipped = np.clip(x, 0.0, 1.0)
    return np.asarray(clipped * clipped * (3.0 - 2.0 * clipped), dtype=np.float32)


@dataclass(frozen=True)
class CardiacCycle:
    """Timing of one beat, in seconds since the R wave.

    Source: systolic time intervals of Weissler et al. 1968 (ejection 413 − 1.7·rate ms); isovolumic relaxation and
    early filling shorten when left atrial pressure is high (Nagueh et al. 2016).
    """

    beat_s: float
    aortic_opening_s: float
    aortic_closure_s: float
    mitral_opening_s: float
    early_filling_s: float
    atrial_filling_s: float
    early_share: float  # of the filling volume

    @classmethod
    def of(cls, heart_rate_bpm: float, left_atrial_pressure_mmhg: float) -> "CardiacCycle":
        """The timing at a heart rate (1/min) and a left atrial pressure (mmHg)."""
        beat = 60.0 / heart_rate_bpm
        restriction = float(np.clip((left_atrial_pressure_mmhg - 12.0) / 16.0, 0.0, 1.0))
        closure = 0.06 + max(0.16, 0.413 - 0.0017 * heart_rate_bpm)
        closure = min(closure, 0.6 * beat)
        opening = closure + min(0.085 - 0.03 * restriction, 0.1 * beat)
        diastole = beat - opening
        early = min(0.22 - 0.08 * restriction, 0.6 * diastole)
        atrial = min(0.15, 0.4 * diastole)
        return cls(beat, 0.06, closure, opening, early, atrial, 0.62 + 0.26 * restriction)

    def since_r(self, time_s: NDArray[np.floating]) -> NDArray[np.float64]:
        """Seconds since the last R wave."""
        return np.mod(np.asarray(time_s, dtype=np.float64), self.beat_s)

    def contraction(self, time_s: NDArray[np.floating]) -> Curve:
        """0 at end-diastole, 1 at end-systole: the share of the stroke volume that has left."""
        t = self.since_r(time_s)
        ejected = smooth_step((t - self.aortic_opening_s) / (self.aortic_closure_s - self.aortic_opening_s))
        early = smooth_step((t - self.mitral_opening_s) / self.early_filling_s)
        late = smooth_step((t - (self.beat_s - self.atrial_filling_s)) / self.atrial_filling_s)
        return np.asarray(ejected - self.early_share * early - (1.0 - self.early_share) * late, dtype=np.float32)

    def inflow(self, time_s: NDArray[np.floating]) -> Curve:
        """Flow through the mitral and tricuspid valve, 1 at the peak of the stronger wave."""
        t = self.since_r(time_s)
        early = _bump((t - self.mitral_opening_s) / self.early_filling_s)
        late = _bump((t - (self.beat_s - self.atrial_filling_s)) / self.atrial_filling_s)
        early_peak = self.early_share / self.early_filling_s
        late_peak = (1.0 - self.early_share) / self.atrial_filling_s
        return np.asarray((early * early_peak + late * late_peak) / max(early_peak, late_peak), dtype=np.float32)

    def inlet_opening(self, time_s: NDArray[np.floating]) -> Curve:
        """0 closed, 1 fully open: mitral and tricuspid leaflets, half closed in diastasis."""
        t = self.since_r(time_s)
        lead = 0.03  # leaflets part before most of the blood moves
        opened = smooth_step((t - self.mitral_opening_s + 0.01) / 0.05)
        shut = smooth_step((t - (self.beat_s - 0.03)) / 0.03)
        diastasis = smooth_step((t - self.mitral_opening_s - 0.7 * self.early_filling_s) / 0.08)
        again = smooth_step((t - (self.beat_s - self.atrial_filling_s - lead)) / (0.4 * self.atrial_filling_s + lead))
        return np.asarray(opened * (1.0 - 0.6 * diastasis * (1.0 - again)) * (1.0 - shut), dtype=np.float32)

    def outflow(self, time_s: NDArray[np.floating]) -> Curve:
        """Flow through the aortic and pulmonary valve, 1 at its peak."""
        t = self.since_r(time_s)
        x = np.clip((t - self.aortic_opening_s) / (self.aortic_closure_s - self.aortic_opening_s), 0.0, 1.0)
        return np.asarray(np.sin(np.pi * x**0.8), dtype=np.float32)

    def outlet_opening(self, time_s: NDArray[np.floating]) -> Curve:
        """0 closed, 1 fully open: aortic and pulmonary cusps."""
        t = self.since_r(time_s)
        opened = smooth_step((t - self.aortic_opening_s) / 0.04)
        shut = smooth_step((t - self.aortic_closure_s + 0.04) / 0.04)
        return np.asarray(opened * (1.0 - shut), dtype=np.float32)

    def systole(self, time_s: NDArray[np.floating]) -> Curve:
        """1 while the ventricles are under pressure (mitral regurgitation flows), 0 in filling."""
        t = self.since_r(time_s)
        rise = smooth_step((t - 0.01) / 0.05)
        fall = smooth_step((t - self.aortic_closure_s) / max(1e-3, self.mitral_opening_s - self.aortic_closure_s))
        return np.asarray(rise * (1.0 - fall), dtype=np.float32)

    def ecg(self, time_s: NDArray[np.floating]) -> Curve:
        """The surface ECG, R wave = 1."""
        t = self.since_r(time_s)
        t = np.where(t > self.beat_s - 0.3 * min(1.0, self.beat_s), t - self.beat_s, t)
        t_wave = 0.75 * self.aortic_closure_s
        waves = ((-0.16, 0.022, 0.12), (-0.022, 0.008, -0.12), (0.0, 0.01, 1.0), (0.024, 0.009, -0.25))
        trace = sum(height * np.exp(-0.5 * ((t - centre) / width) ** 2) for centre, width, height in waves)
        return np.asarray(trace + 0.28 * np.exp(-0.5 * ((t - t_wave) / 0.045) ** 2), dtype=np.float32)


def _bump(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """0 outside 0..1, 1 in the middle."""
    return np.asarray(np.sin(np.pi * np.clip(x, 0.0, 1.0)) ** 2)
