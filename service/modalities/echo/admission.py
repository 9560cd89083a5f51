"""Which DICOM files are an echocardiogram's own: ultrasound, of a heart, with a 2D picture.

The reader of DICOM knows no organ; it is handed `admit_echo`. Each rule refuses only where the header is clear: what it
does not say, or says in words that nobody knows, passes.
"""

import re
from typing import Final

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.dicom.header import DicomHeader

# Ultrasound and its retired name for echocardiography (PS3.3 C.7.3.1.1.1). "OT" (other) names no modality at all.
_MODALITIES: Final = frozenset({"US", "EC"})
_NO_MODALITY: Final = frozenset({"", "OT"})
# Ultrasound (Multi-frame) Image Storage, current and retired, and Enhanced US Volume Storage (PS3.4 B.5, PS3.6 A).
_ULTRASOUND_CLASSES: Final = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("3", "3.1", "6", "6.1", "6.2")
)

# Body parts (PS3.16 annex L, table L-1), and what free text calls them, that cannot show a heart. CHEST, THORAX, AORTA
# and everything not listed pass.
# fmt: off
_OTHER_BODY_PARTS = frozenset((
    "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "ARM", "BLADDER", "BRAIN", "BREAST", "CALF", "CAROTID", "CSPINE", "ELBOW",
    "EXTREMITY", "EYE", "FETUS", "FINGER", "FOOT", "FOREARM", "GALLBLADDER", "HAND", "HEAD", "HEADNECK", "HIP",
    "KIDNEY", "KNEE", "LEG", "LIVER", "LSPINE", "LUNG", "NECK", "OVARY", "PANCREAS", "PAROTID", "PELVIS", "PENIS",
    "PROSTATE", "RECTUM", "SCROTUM", "SHOULDER", "SKULL", "SPLEEN", "STOMACH", "TESTIS", "THIGH", "THYROID", "UTERUS",
    "WRIST",
))
_OTHER_WORDS = _OTHER_BODY_PARTS | frozenset((
    "ABDOMINAL", "ADNEXA", "APPENDIX", "AXILLA", "BILIARY", "BLADDERS", "BOWEL", "COLON", "CRANIAL", "FEMUR", "FETAL",
    "FOETAL", "FOETUS", "GROIN", "HEPATIC", "KIDNEYS", "LEGS", "LUNGS", "OBSTETRIC", "OBSTETRICAL", "OBSTETRICS",
    "OVARIES", "PELVIC", "PLACENTA", "PREGNANCY", "RENAL", "SCROTAL", "TESTES", "TESTICLE", "TESTICULAR",
    "TRANSCRANIAL", "UTERINE",
))
_HEART_WORDS = frozenset((
    "AORTA", "ATRIUM", "CARDIAC", "CARDIOLOGY", "CHEST", "CORONARY", "ECHO", "HEART", "MITRAL", "TEE", "THORAX", "TOE",
    "TTE", "VALVE", "VENTRICLE",
))
# The same parts as codes of the anatomic region (PS3.16 CID 4): SNOMED CT, and SNOMED-RT in older files.
_OTHER_ANATOMY = frozenset((
    "818981001", "T-D4000", "816092008", "T-D6000", "818982008",  # abdomen, pelvis, both
    "76752008", "T-04000", "69748006", "T-B6000", "45048000", "T-D1600",  # breast, thyroid, neck
    "10200004", "T-62000", "64033007", "T-71000", "15776009", "T-65000",  # liver, kidney, pancreas
    "78961009", "T-C3000", "28231008", "T-63000", "89837001", "T-74000",  # spleen, gallbladder, bladder
    "35039007", "T-83000", "15497006", "T-87000", "41216001", "T-92000",  # uterus, ovary, prostate
    "20233005", "T-98000", "40689003", "T-94000", "69536005", "T-D1100",  # scrotum, testis, head
    "12738006", "T-A0100", "89546000", "T-11100", "81745001", "T-AA000",  # brain, skull, eye
    "53120007", "T-D8000", "61685007", "T-D9000", "66019005", "T-D0300",  # upper limb, lower limb, extremity
    "72696002", "T-D9200", "16982005", "T-D2220", "29836001", "T-D2500",  # knee, shoulder, hip
    "56459004", "T-D9700", "85562004", "T-D8700", "68367000", "T-D9100",  # foot, hand, thigh
    "122496007", "T-11503", "122494005", "T-11501", "69105007", "T-45010",  # lumbar and cervical spine, carotid
    "39607008", "T-28000", "45289007", "T-61100", "69695003", "T-57000",  # lung, parotid gland, stomach
))
# Examinations that value 3 of ImageType may name (PS3.3 C.8.5.6.1.1) and that are not one of a born person's heart.
# CHEST, EPICARDIAC, INTRACARDIAC, INTRAOPERATIVE, PEDIATRIC, TEE, TTE and US BIOPSY pass.
_OTHER_EXAMINATIONS = frozenset((
    "ABDOMINAL", "BREAST", "ENDOCAVITARY", "ENDORECTAL", "ENDOVAGINAL", "FETAL HEART", "GYNECOLOGY", "INTRAVASCULAR",
    "MUSCULOSKELETAL", "NEONATAL HEAD", "OBSTETRICAL", "OPHTHALMIC", "PELVIC", "RETROPERITONEAL", "SCROTAL",
    "SMALL PARTS", "THYROID", "TRANSCRANIAL", "VASCULAR",
))
_MODES_WITHOUT_2D = frozenset((
    "CW", "CW DOPPLER", "M MODE", "MMODE", "COLOR M MODE", "COLOR MMODE", "PW", "PW DOPPLER", "SPECTRAL",
    "SPECTRAL DOPPLER", "CONTINUOUS WAVE DOPPLER", "PULSED WAVE DOPPLER",
))
# fmt: on

# Value 4 of ImageType is a sum of hexadecimal numbers (PS3.3 table C.8-17): 1 is 2D, 2 M-mode, 4 CW, 8 PW Doppler,
# 10 colour Doppler, 20 colour M-mode, 40 3D rendering, 100 colour power mode.
_MODES: Final = re.compile(r"[0-9A-F]{4}")
_2D_MODES, _OTHER_MODES, _RENDERING = 0x0111, 0x002E, 0x0040
# Spatial formats of a region (PS3.3 C.8.5.5.1.1): 1 is 2D; 2 M-mode, 3 spectral, 4 a waveform, 5 graphics.
_FORMAT_2D, _FORMATS_WITHOUT_2D = 1, frozenset({2, 3, 4, 5})


def admit_echo(header: DicomHeader) -> None:
    """Nothing for a file that an echocardiogram may hold. Raises ClipRejected with the first reason against it."""
    _admit_modality(header)
    _admit_organ(header)
    _admit_picture(header)


def _admit_modality(header: DicomHeader) -> None:
    """Ultrasound by its modality, or by its SOP class where no modality is named (PS3.3 C.8.5.6, PS3.4 B.5)."""
    modality = (header.modality or "").upper()
    if modality in _MODALITIES or (modality in _NO_MODALITY and header.sop_class in _ULTRASOUND_CLASSES):
        return
    text = "The header names another modality than ultrasound (US)."
    if not modality:
        text = "The header does not say that this is ultrasound, neither by its modality nor by its SOP class."
    raise ClipRejected(SkipReason.NOT_ULTRASOUND, text)


def _admit_organ(header: DicomHeader) -> None:
    """The heart, or no organ that is named beyond doubt (PS3.3 C.7.3.1.1.2, C.8.5.6.1.1, PS3.16 annex L)."""
    if names_other_organ(header.body_part or "") or not _OTHER_ANATOMY.isdisjoint(header.anatomy_codes):
        raise ClipRejected(SkipReason.NOT_HEART, "The header names another body part than the heart of a born person.")
    if not _OTHER_EXAMINATIONS.isdisjoint(_later_values(header)):
        text = "The header's ImageType names another examination than echocardiography."
        raise ClipRejected(SkipReason.NOT_HEART, text)


def names_other_organ(body_part: str) -> bool:
    """Whether a body part, in any letter case and with whatever signs between its words, is clearly not the heart."""
    words = re.findall("[A-Z]+", body_part.upper())
    if not _HEART_WORDS.isdisjoint(words) and not {"FETAL", "FOETAL", "FETUS", "FOETUS"}.intersection(words):
        return False
    return "".join(words) in _OTHER_BODY_PARTS or not _OTHER_WORDS.isdisjoint(words)


def _later_values(header: DicomHeader) -> list[str]:
    """Values 3 and 4 of ImageType, capital letters with single spaces between words."""
    return [" ".join(re.findall("[A-Z0-9]+", value.upper())) for value in header.image_type[2:4]]


def _admit_picture(header: DicomHeader) -> None:
    """At least one 2D picture, where the header says what there is (PS3.3 C.8.5.5.1.1, C.8.5.6.1.1)."""
    formats = {region.spatial_format for region in header.regions}
    if formats and formats <= _FORMATS_WITHOUT_2D:
        text = "No region that the header lists is a 2D picture: M-mode, spectral Doppler, a curve or graphics only."
        raise ClipRejected(SkipReason.NO_2D_PICTURE, text)
    values = _later_values(header)
    modes = [int(value, 16) for value in values if _MODES.fullmatch(value)]
    if not _MODES_WITHOUT_2D.isdisjoint(values) or any(mode & _OTHER_MODES and not mode & _2D_MODES for mode in modes):
        text = "The header's ImageType names M-mode or spectral Doppler without a 2D picture."
        raise ClipRejected(SkipReason.NO_2D_PICTURE, text)
    if any(mode & _RENDERING and not mode & _2D_MODES for mode in modes) and _FORMAT_2D not in formats:
        raise ClipRejected(SkipReason.NO_2D_PICTURE, "The header's ImageType names a 3D rendering, no 2D picture.")
