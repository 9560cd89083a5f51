"""The hidden causes of a synthetic patient: diseases that no report names, through which findings are correlated."""

from functools import cached_property

from scripts.rendered.phantom.patient.noise import NamedNoise


class Causes:
    """Diseases and their probabilities: ours, of an enriched clinic (see `patient.py`)."""

    def __init__(self, noise: NamedNoise) -> None:
        self._noise = noise

    @cached_property
    def ischemic(self) -> bool:
        """Coronary disease with infarction."""
        return self._noise.chance("ischemic", 0.28)

    @cached_property
    def cardiomyopathy(self) -> bool:
        """Non-ischemic dilated cardiomyopathy."""
        return not self.ischemic and self._noise.chance("cardiomyopathy", 0.25)

    @cached_property
    def hypertension(self) -> bool:
        """Long-standing arterial hypertension."""
        return self._noise.chance("hypertension", 0.4)

    @cached_property
    def rheumatic(self) -> bool:
        """Rheumatic valve disease."""
        return self._noise.chance("rheumatic", 0.14)

    @cached_property
    def lung_disease(self) -> bool:
        """Lung or pulmonary vascular disease."""
        return self._noise.chance("lung disease", 0.2)

    @cached_property
    def rv_disease(self) -> bool:
        """Right ventricular infarction or cardiomyopathy."""
        return self._noise.chance("rv disease", 0.14)

    @cached_property
    def atrial_fibrillation(self) -> bool:
        """Long-standing atrial fibrillation."""
        return self._noise.chance("atrial fibrillation", 0.22)

    @cached_property
    def degeneration(self) -> float:
        """Age-related calcific degeneration, standard normal."""
        return self._noise.normal("degeneration")

    @cached_property
    def primary_mitral_disease(self) -> bool:
        """Prolapse or flail."""
        return self._noise.chance("primary mitral disease", 0.15)
