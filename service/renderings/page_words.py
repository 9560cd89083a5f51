"""The service's own words around a report: headings, notices, marks, and its warnings, per language.

What is said of the heart comes from phrase files (`model/report/language/translation.py`); here is what the service
says itself. A language without a row here gets the English words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.report.request import ReportWarning
from service.schemas import DEMONSTRATION_NOTICE, DRAFT_NOTICE


@dataclass(frozen=True, kw_only=True)
class PageWords:
    """Words of one language.

    warnings: code → its text, where ``{name}`` stands for a detail of the warning and ``{english}`` for its English
    text; a code that is not there keeps the English text.
    skip_reasons: code → why a clip was skipped; a code that is not there keeps the English text it comes with.
    """

    title: str
    draft_notice: str
    demonstration_notice: str
    status: str
    study: str
    not_assessed: str
    no_clip_used: str
    no_informative_view: str
    no_reason: str
    no_sentence: str
    from_clips: str
    not_shown: str
    phenotypes: str
    clips: str
    from_frame: str
    skipped: str
    made_by: str
    estimated: str
    foreign_number: str
    warnings: Mapping[str, str] = field(default_factory=dict)
    skip_reasons: Mapping[str, str] = field(default_factory=dict)

    def warning(self, warning: ReportWarning) -> str:
        """The text of a warning in this language. Raises KeyError for a code that has no English text."""
        english = ENGLISH.warnings[warning.code].format(**warning.details)
        return self.warnings.get(warning.code, "{english}").format(**warning.details, english=english)


ENGLISH = PageWords(
    title="REPORT (DRAFT)",
    draft_notice=DRAFT_NOTICE,
    demonstration_notice=DEMONSTRATION_NOTICE,
    status="Status: {status}. Mode: {mode}. {created} UTC.",
    study="Study: {study_id}",
    not_assessed="Not assessed: {why}.",
    no_clip_used="no clip could be used",
    no_informative_view="no clip of a view that shows it",
    no_reason="no reason given",
    no_sentence="No sentence was written.",
    from_clips="From clips {clips}.",
    not_shown="Nothing is said of {what}: no clip shows it ({views}).",
    phenotypes="PHENOTYPES",
    clips="CLIPS",
    from_frame="from frame {frame}",
    skipped="skipped: {why}",
    made_by="Made by {parts}",
    estimated="[estimated]",
    foreign_number="[another patient's number]",
    warnings={
        "untrained_bundle": (
            "Bundle {bundle!r} holds untrained networks: nothing in this answer describes the patient."
        ),
        "synthetic_domain": DEMONSTRATION_NOTICE,
        "thresholds_of_another_bank": (
            "Thresholds and calibration of bundle {bundle!r} were set on another bank and are left out: no phenotype "
            "is called; `echoscribe calibrate` sets them on this one."
        ),
        "no_usable_clip": "No clip could be used; no section was assessed.",
        "no_decoder": "Bundle {bundle!r} has no decoder; sections are quoted from the nearest candidates.",
        "estimated_numbers": (
            "Numbers marked [estimated] are the middle of what similar studies report, not measured in this one."
        ),
        "few_views": "Rests on fewer views than are asked for: {phenotypes}.",
        "clip_not_read_to_its_end": "Clips {clips} are longer than the limit; their end was not read.",
        "frame_rate_assumed": "Clips {clips} state no frame rate; their frames were taken as they come.",
        "frames_left_out": "Clip {clip}: {text}",
        "frame_count_differs": "Clip {clip}: {text}",
        "picture_inverted": "Clip {clip}: {text}",
        "other_video_tracks": "Clip {clip}: {text}",
        "text_not_checked": (
            "The bundle brings no language to read its text with; it was not compared with the estimates."
        ),
        "text_disagrees_with_phenotypes": "The text and the phenotype estimates differ on: {phenotypes}.",
        "contradiction": "{rule}",
        "numbers_of_another_patient": (
            "Numbers marked [another patient's number] were measured in the retrieved candidate, not in this study."
        ),
        "numbers_left_out": (
            "Numbers of the quoted candidates are left out: they were measured in another patient, not in this study."
        ),
        "silent_call": "Called by the estimates, and not stated in the text: {phenotypes}.",
        "text_truncated": "{section}: the text did not end and was cut",
        "sentence_dropped": "{section}: a sentence was left out because {reason}",
        "section_empty": "{section}: nothing could be written",
        "phrase_not_translated": "Sentences without a wording in {lang!r} stay in {own!r}: {sections}.",
        "out_of_distribution": "Clips {clips} are unlike the clips that this bundle was calibrated on.",
        "bank_without_patient_keys": (
            "The bank does not say whose studies it holds: earlier studies of this patient could not be told apart."
        ),
    },
)

GERMAN = PageWords(
    title="BEFUND (ENTWURF)",
    draft_notice="Entwurf zur Bearbeitung und Unterschrift durch eine Ärztin oder einen Arzt. Keine Diagnose.",
    demonstration_notice=(
        "Nur zur Demonstration: Dieses Modell hat ausschließlich gerenderte Herzen gesehen. "
        "Seine Befunde beschreiben keine Patientin und keinen Patienten."
    ),
    status="Status: {status}. Modus: {mode}. {created} UTC.",
    study="Untersuchung: {study_id}",
    not_assessed="Nicht beurteilt: {why}.",
    no_clip_used="kein Clip war verwendbar",
    no_informative_view="kein Clip in einer geeigneten Schnittebene",
    no_reason="kein Grund angegeben",
    no_sentence="Es wurde kein Satz geschrieben.",
    from_clips="Aus den Clips {clips}.",
    not_shown="Zu {what} keine Aussage: Kein Clip zeigt es ({views}).",
    phenotypes="PHÄNOTYPEN",
    clips="CLIPS",
    from_frame="ab Bild {frame}",
    skipped="übersprungen: {why}",
    made_by="Erstellt mit {parts}",
    estimated="[geschätzt]",
    foreign_number="[Zahl einer anderen Person]",
    warnings={
        "untrained_bundle": "Die Netze sind untrainiert: Nichts in dieser Antwort beschreibt die untersuchte Person.",
        "synthetic_domain": (
            "Nur zur Demonstration: Dieses Modell hat ausschließlich gerenderte Herzen gesehen. "
            "Seine Befunde beschreiben keine Patientin und keinen Patienten."
        ),
        "thresholds_of_another_bank": (
            "Schwellen und Kalibrierung wurden an einer anderen Bank bestimmt und bleiben weg: Kein Phänotyp wird mit "
            "Ja oder Nein beantwortet."
        ),
        "no_usable_clip": "Kein Clip war verwendbar; kein Abschnitt wurde beurteilt.",
        "no_decoder": "Es gibt keinen Decoder; die Abschnitte sind von den ähnlichsten Untersuchungen zitiert.",
        "estimated_numbers": (
            "Mit [geschätzt] markierte Zahlen sind die Mitte dessen, was ähnliche Untersuchungen angeben; "
            "sie sind hier nicht gemessen."
        ),
        "few_views": "Beruht auf weniger Schnittebenen als gefordert: {phenotypes}.",
        "clip_not_read_to_its_end": "Zu lang, nicht bis zum Ende gelesen: Clips {clips}.",
        "frame_rate_assumed": "Ohne Angabe der Bildrate, Bilder so verwendet, wie sie kommen: Clips {clips}.",
        "frames_left_out": "Einzelne Bilder fehlen oder sind beschädigt und wurden ausgelassen: Clip {clip}.",
        "frame_count_differs": "Es sind mehr oder weniger Bilder gespeichert, als angegeben ist: Clip {clip}.",
        "picture_inverted": "Das Bild kam umgekehrt, hell ohne Echo; seine Grauwerte wurden gewendet: Clip {clip}.",
        "other_video_tracks": "Die Datei hat weitere Videospuren, die nicht verwendet wurden: Clip {clip}.",
        "text_not_checked": "Der Text konnte nicht mit den Schätzungen verglichen werden.",
        "text_disagrees_with_phenotypes": "Text und Schätzungen weichen voneinander ab bei: {phenotypes}.",
        "contradiction": "Widerspruch im Befund: {rule}",
        "numbers_of_another_patient": (
            "Mit [Zahl einer anderen Person] markierte Zahlen wurden in der zitierten Untersuchung gemessen, "
            "nicht in dieser."
        ),
        "numbers_left_out": (
            "Zahlen der zitierten Untersuchungen sind weggelassen: Sie wurden bei einer anderen Person gemessen."
        ),
        "silent_call": "Nach den Schätzungen vorhanden, im Text nicht genannt: {phenotypes}.",
        "text_truncated": "Ein Text kam nicht zum Ende und wurde gekürzt: {english}",
        "sentence_dropped": "Ein Satz wurde ausgelassen: {english}",
        "section_empty": "Ein Abschnitt blieb leer: {english}",
        "phrase_not_translated": "Sätze ohne deutsche Fassung bleiben, wie sie sind: {sections}.",
        "out_of_distribution": "Anders als die Clips, an denen das Modell kalibriert wurde: Clips {clips}.",
    },
    skip_reasons={
        "duplicate": "Dieselbe Datei oder dieselbe Schleife ist schon dabei.",
        "unreadable": "Die Datei ist nicht lesbar.",
        "unsupported_compression": "Die Kompression wird nicht unterstützt.",
        "unsupported_format": "Diese Art von Datei oder Video wird nicht gelesen.",
        "needs_jpeg_lossless": "Verlustfreies JPEG braucht den Zusatz [jpeg-lossless].",
        "not_heart": "Der Kopf der Datei nennt eine andere Körperregion.",
        "not_ultrasound": "Die Datei ist keine Ultraschallaufnahme.",
        "not_an_image": "Die Datei enthält kein Bild.",
        "no_2d_picture": "Die Datei zeigt kein 2D-Bild, sondern M-Mode oder Spektraldoppler.",
        "volume": "Die Datei enthält ein 3D-Volumen; seine Bilder sind Schichten, keine Zeitpunkte.",
        "wrong_colours": "Die Farben des Bildes stimmen nicht: Was dunkel ist, ist nicht grau.",
        "still_image": "Die Datei enthält nur ein Einzelbild.",
        "too_large": "Der Clip überschreitet die zulässige Größe.",
        "too_short": "Der Clip ist zu kurz.",
        "sector_not_found": "Der Schallsektor wurde nicht gefunden.",
        "no_contact": "Kein Gewebe im Bild: Der Schallkopf lag nicht an.",
        "static": "Nichts bewegt sich im Clip.",
    },
)

_WORDS: Mapping[str, PageWords] = {"en": ENGLISH, "de": GERMAN}


def words_of(lang: str) -> PageWords:
    """The words of a language tag; English where there are none."""
    return _WORDS.get(lang, ENGLISH)
