"""A synthetic patient of the clinical prior: hidden diseases, and the variables of `HeartState` that follow from them.

Directions of effect are textbook cardiology (left heart disease raises left atrial and pulmonary pressures, these
enlarge the right heart, a dilated annulus leaks, a bicuspid valve stenoses and widens the root ...). Their sizes are
ours, chosen so that each of the 23 binary phenotypes is positive in 10 to 50 % of patients: an enriched clinic, no
estimate of any population. Measured prevalence and correlations: LOG.md, 2026-11-22.

Each property draws from noise of its own name and reads only what causes it, so asking for one variable computes
its ancestors alone.
"""

from bisect import bisect_right
from functools import cached_property

from scripts.rendered.phantom.patient.causes import Causes
from scripts.rendered.phantom.patient.state import Grade, WallMotion
from scripts.rendered.phantom.patient.wall_motion import wall_motion_of

# Standard-normal scores from which a lesion is trace, mild, moderate, severe. Regurgitation has every step; stenosis
# and calcification seldom stay at a trace.
_REGURGITATION = (-0.2, 0.5, 1.2, 1.9)
_STENOSIS = (0.6, 0.7, 1.2, 1.9)
_CALCIFICATION = (0.5, 0.6, 1.2, 1.9)


def _limited(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


class Patient(Causes):
    """One patient. Names of variables are those of `HeartState`; units are in those names."""

    def _graded(self, name: str, mean: float, steps: tuple[float, ...]) -> Grade:
        return Grade(bisect_right(steps, self._noise.normal(name, mean)))

    # patient and left ventricle

    @cached_property
    def body_surface_area_m2(self) -> float:
        """1.35 to 2.6, around 1.88."""
        return _limited(self._noise.normal("body surface area", 1.88, 0.2), 1.35, 2.6)

    @cached_property
    def heart_rate_bpm(self) -> float:
        """Faster in failing hearts and atrial fibrillation."""
        raised = 8 * (self.ejection_fraction_percent < 35) + 8 * self.atrial_fibrillation
        return _limited(self._noise.normal("heart rate", 68 + raised, 10), 45, 125)

    @cached_property
    def ejection_fraction_percent(self) -> float:
        """Around 62, lower in ischemic and dilated hearts."""
        mean, deviation = (42.0, 11.0) if self.ischemic else (31.0, 9.0) if self.cardiomyopathy else (62.0, 6.0)
        return _limited(self._noise.normal("ejection fraction", mean, deviation), 12, 78)

    @cached_property
    def lv_end_diastolic_volume_ml(self) -> float:
        """Indexed volume rises as the EF falls and with left-sided regurgitation."""
        leaks = (self.mitral_regurgitation >= Grade.MODERATE) + (self.aortic_regurgitation >= Grade.MODERATE)
        mean = 56 + 1.1 * max(0.0, 55 - self.ejection_fraction_percent) + 9 * leaks
        return _limited(self._noise.normal("lv volume", mean, 9), 28, 170) * self.body_surface_area_m2

    @cached_property
    def hypertrophic_cardiomyopathy(self) -> bool:
        """Asymmetric septal hypertrophy."""
        return self._noise.chance("hypertrophic cardiomyopathy", 0.06)

    @cached_property
    def posterior_wall_thickness_mm(self) -> float:
        """Thicker under pressure load."""
        load = 2.2 * self.hypertension + 2.0 * (self.aortic_stenosis >= Grade.MODERATE)
        return _limited(self._noise.normal("posterior wall", 8.8 + load, 1.1), 6, 19)

    @cached_property
    def septal_thickness_mm(self) -> float:
        """Close to the posterior wall, unless the septum alone is diseased."""
        mean = self.posterior_wall_thickness_mm + (8.0 if self.hypertrophic_cardiomyopathy else 0.3)
        return _limited(self._noise.normal("septum", mean, 0.6), 6, 28)

    @cached_property
    def wall_motion_abnormal(self) -> bool:
        """Whether any segment contracts abnormally."""
        probability = 0.9 if self.ischemic else 0.55 if self.cardiomyopathy else 0.05
        return self._noise.chance("wall motion", probability)

    @cached_property
    def wall_motion(self) -> tuple[WallMotion, ...]:
        """Scores of the 17 segments."""
        return self.wall_motion_at(self.ejection_fraction_percent)

    def wall_motion_at(self, ejection_fraction_percent: float) -> tuple[WallMotion, ...]:
        """Scores of the 17 segments that this patient's disease gives at a certain ejection fraction."""
        return wall_motion_of(
            self._noise.child("wall motion"),
            abnormal=self.wall_motion_abnormal,
            ischemic=self.ischemic,
            ejection_fraction_percent=ejection_fraction_percent,
        )

    @cached_property
    def impella(self) -> bool:
        """Support of failing hearts."""
        ejection_fraction = self.ejection_fraction_percent
        probability = 0.5 if ejection_fraction < 30 else 0.18 if ejection_fraction < 45 else 0.04
        return self._noise.chance("impella", probability)

    # pressures

    @cached_property
    def left_atrial_pressure_mmhg(self) -> float:
        """Raised by systolic and diastolic dysfunction and by mitral disease."""
        mean = 9.5 + 0.16 * max(0.0, 55 - self.ejection_fraction_percent) + 1.5 * self.hypertension
        mean += 3.5 * (self.mitral_regurgitation >= Grade.MODERATE) + 5 * (self.mitral_stenosis >= Grade.MODERATE)
        return _limited(self._noise.normal("left atrial pressure", mean, 2.5), 3, 36)

    @cached_property
    def pulmonary_artery_pressure_mmhg(self) -> float:
        """Passive from the left atrium, more with lung disease."""
        mean = 23 + 1.2 * max(0.0, self.left_atrial_pressure_mmhg - 9)
        if self.lung_disease:
            mean += self._noise.normal("pulmonary vascular", 30, 10)
        return _limited(self._noise.normal("pulmonary artery pressure", mean, 4), 12, 110)

    @cached_property
    def right_atrial_pressure(self) -> float:
        """Congestion of the right heart, about standard normal and upwards; never reported."""
        backward = 1.2 * (self.tricuspid_regurgitation >= Grade.MODERATE) + 1.0 * (self.tapse_mm < 17)
        return self._noise.normal("right atrial pressure", backward, 0.8)

    # right ventricle

    @cached_property
    def tapse_mm(self) -> float:
        """Falls with pressure load and left ventricular failure."""
        load = 0.12 * max(0.0, self.pulmonary_artery_pressure_mmhg - 32)
        failure = 0.11 * max(0.0, 50 - self.ejection_fraction_percent) + 8 * self.rv_disease
        return _limited(self._noise.normal("tapse", 22.5 - load - failure, 2.3), 6, 32)

    @cached_property
    def rv_basal_diameter_mm(self) -> float:
        """Widens with pressure load and as it fails."""
        load = 0.2 * max(0.0, self.pulmonary_artery_pressure_mmhg - 30) + 0.9 * max(0.0, 19 - self.tapse_mm)
        return _limited(self._noise.normal("rv diameter", 35 + load, 3.2), 24, 66)

    @cached_property
    def pacemaker(self) -> bool:
        """Commoner with low EF and degenerate conduction."""
        probability = 0.1 + 0.2 * (self.ejection_fraction_percent < 40) + 0.1 * (self.degeneration > 1)
        return self._noise.chance("pacemaker", probability)

    # atria and their septum

    @cached_property
    def la_volume_index_ml_m2(self) -> float:
        """Grows with left atrial pressure and atrial fibrillation."""
        mean = 25 + 1.1 * max(0.0, self.left_atrial_pressure_mmhg - 10) + 9 * self.atrial_fibrillation
        return _limited(self._noise.normal("la volume", mean, 3.5), 14, 95)

    @cached_property
    def ra_area_cm2(self) -> float:
        """Grows with tricuspid disease, the right ventricle and atrial fibrillation."""
        mean = 13.5 + 0.3 * max(0.0, self.rv_basal_diameter_mm - 36) + 3 * self.atrial_fibrillation
        mean += 1.2 * self.tricuspid_regurgitation
        mean += 3 * (self.tricuspid_stenosis >= Grade.MODERATE)
        return _limited(self._noise.normal("ra area", mean, 1.8), 8, 48)

    @cached_property
    def atrial_septum_thickness_mm(self) -> float:
        """Lipomatous hypertrophy, commoner with age; few septa lie in between."""
        noise = self._noise
        if noise.chance("lipomatous", 0.22 if self.degeneration > 0.5 else 0.1):
            return _limited(noise.normal("atrial septum", 24, 2.5), 20.5, 34)
        if noise.chance("thickened septum", 0.06):
            return noise.uniform("atrial septum") * 3 + 15
        return _limited(noise.normal("atrial septum", 7, 2), 3, 13)

    # mitral valve

    @cached_property
    def mitral_annular_calcification(self) -> Grade:
        """Degenerative."""
        return self._graded("mitral annular calcification", 0.8 * self.degeneration, _CALCIFICATION)

    @cached_property
    def mitral_stenosis(self) -> Grade:
        """Rheumatic, or by heavy annular calcification."""
        mean = 2.0 * self.rheumatic + 1.2 * (self.mitral_annular_calcification >= Grade.MODERATE) - 0.5
        return self._graded("mitral stenosis", mean, _STENOSIS)

    @cached_property
    def mitral_regurgitation(self) -> Grade:
        """Primary, rheumatic, or functional in dilated ventricles."""
        mean = 1.6 * self.primary_mitral_disease + 0.8 * self.rheumatic
        mean += 0.03 * max(0.0, 55 - self.ejection_fraction_percent)
        return self._graded("mitral regurgitation", mean, _REGURGITATION)

    @cached_property
    def mitraclip(self) -> bool:
        """For primary or functional regurgitation."""
        candidate = self.primary_mitral_disease or self.ejection_fraction_percent < 40
        return self._noise.chance("mitraclip", 0.32 if candidate else 0.05)

    @cached_property
    def mitral_prosthesis(self) -> bool:
        """Never with a clip: leaflets are either held or replaced."""
        return not self.mitraclip and self._noise.chance("mitral prosthesis", 0.2 if self.rheumatic else 0.03)

    # aortic valve and root

    @cached_property
    def bicuspid_aortic_valve(self) -> bool:
        """Congenital."""
        return self._noise.chance("bicuspid", 0.14)

    @cached_property
    def aortic_calcification(self) -> Grade:
        """Degenerative, earlier on two cusps."""
        mean = 0.8 * self.degeneration + 0.7 * self.bicuspid_aortic_valve
        return self._graded("aortic calcification", mean, _CALCIFICATION)

    @cached_property
    def tavr(self) -> bool:
        """For calcified valves of the old."""
        probability = 0.3 if self.degeneration > 1 else 0.15 if self.degeneration > 0 else 0.06
        return self._noise.chance("tavr", probability)

    @cached_property
    def aortic_stenosis(self) -> Grade:
        """Follows calcification; mostly gone after a transcatheter valve."""
        mean = 0.55 * self.aortic_calcification + 0.4 * self.bicuspid_aortic_valve - 1.5 * self.tavr
        return self._graded("aortic stenosis", mean, _STENOSIS)

    @cached_property
    def aortic_regurgitation(self) -> Grade:
        """Two cusps, wide roots, rheumatic disease and paravalvular leaks."""
        mean = 0.6 * self.bicuspid_aortic_valve + 0.6 * self.rheumatic + 0.4 * self.tavr
        mean += 0.12 * max(0.0, self.aortic_root_diameter_mm - 36)
        return self._graded("aortic regurgitation", mean, _REGURGITATION)

    @cached_property
    def aortic_root_diameter_mm(self) -> float:
        """Wider with body size, hypertension and two cusps."""
        mean = 33 + 6 * (self.body_surface_area_m2 - 1.88) + 2 * self.hypertension + 5 * self.bicuspid_aortic_valve
        if self._noise.chance("aortopathy", 0.1):
            mean += 9
        return _limited(self._noise.normal("aortic root", mean, 2.8), 22, 62)

    # right-sided valves

    @cached_property
    def tricuspid_stenosis(self) -> Grade:
        """Rheumatic, or by a lead."""
        return self._graded("tricuspid stenosis", 1.7 * self.rheumatic + 0.3 * self.pacemaker - 0.2, _STENOSIS)

    @cached_property
    def tricuspid_regurgitation(self) -> Grade:
        """Functional with a wide right ventricle, or by a lead."""
        mean = 0.13 * max(0.0, self.rv_basal_diameter_mm - 36) + 0.5 * self.pacemaker
        return self._graded("tricuspid regurgitation", mean, _REGURGITATION)

    @cached_property
    def pulmonic_regurgitation(self) -> Grade:
        """Follows pulmonary pressure."""
        mean = 0.03 * max(0.0, self.pulmonary_artery_pressure_mmhg - 30)
        return self._graded("pulmonic regurgitation", mean, _REGURGITATION)

    # pericardium and vena cava

    @cached_property
    def postoperative(self) -> bool:
        """Recently operated on."""
        procedure = self.tavr or self.mitraclip or self.mitral_prosthesis or self.pacemaker
        return self._noise.chance("postoperative", 0.3 if procedure else 0.05)

    @cached_property
    def pericardial_effusion_mm(self) -> float:
        """None in most; commoner after procedures."""
        draw = self._noise.uniform("effusion") - 0.15 * self.postoperative
        if draw >= 0.3:
            return 0.0
        return _limited(self._noise.normal("effusion width", 11 if draw < 0.2 else 3, 6 if draw < 0.2 else 1), 1, 38)

    @cached_property
    def ivc_diameter_mm(self) -> float:
        """Wide when right atrial pressure is high."""
        return _limited(self._noise.normal("ivc diameter", 16.5 + 3.2 * self.right_atrial_pressure, 1.6), 6, 38)

    @cached_property
    def ivc_collapse_percent(self) -> float:
        """Blunted when right atrial pressure is high."""
        return _limited(self._noise.normal("ivc collapse", 66 - 14 * self.right_atrial_pressure, 8), 2, 98)
